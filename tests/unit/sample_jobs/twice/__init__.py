"""One id, used twice."""
