"""Jobs that only `scripts/dev` deploys, so that a newcomer sees something run."""
