"""The commands, a module per noun: each has `register`, which adds its own to the app."""
