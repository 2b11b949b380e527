"""What a notebook, a terminal and tab completion show."""
