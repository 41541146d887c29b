"""One blueprint per noun: tiny views between HTTP and the services."""
