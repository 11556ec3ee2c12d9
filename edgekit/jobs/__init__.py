"""What a command starts, each readable from top to bottom."""
