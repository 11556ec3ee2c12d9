"""What the machine has: memory, disk."""
