"""A job that imports what is not there."""
