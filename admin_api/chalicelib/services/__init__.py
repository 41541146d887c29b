"""What the API does, without HTTP: PostgreSQL first, AWS second."""
