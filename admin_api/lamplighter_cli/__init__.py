"""The command line `lamplighter`: a client of the admin API, over HTTP and nothing else."""

VERSION = "0.1.0"
