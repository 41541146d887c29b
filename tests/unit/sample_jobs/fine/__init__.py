"""Two jobs, one in a package below."""
