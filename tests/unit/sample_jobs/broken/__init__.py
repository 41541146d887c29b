"""A job whose schedule AWS would refuse."""
