"""The reference engine: reads `.refnet` files, and computes them in NumPy."""
