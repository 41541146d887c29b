"""Pages, by what they answer."""
