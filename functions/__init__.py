"""What runs in a job's Lambda, and what the admin API shares with it."""
