"""The list of what a file may hold, as data."""
