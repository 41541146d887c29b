"""What each role is asked to allow, and what it would answer."""
