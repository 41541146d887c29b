"""The command line as a process of its own, against a real API over HTTP."""
