"""`scripts/schedule`: what every schedule means, where it goes in AWS and when it fires, without AWS or a database."""
