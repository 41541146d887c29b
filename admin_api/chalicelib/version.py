"""The version of Lamplighter: pyproject.toml's, which a package does not hold; a test keeps the two the same."""

VERSION = "0.1.0"
