"""What `scripts/deploy` does, a module for each command."""
