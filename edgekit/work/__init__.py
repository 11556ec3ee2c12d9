"""Steps in child processes, and what is kept of them."""
