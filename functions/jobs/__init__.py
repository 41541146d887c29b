"""One file per job: add a file, the job exists."""
