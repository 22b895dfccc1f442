"""The drivers, a module each."""
