"""The one-machine edition of AWS."""
