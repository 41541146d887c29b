"""The command line, without an API."""
