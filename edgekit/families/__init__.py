"""How each kind of model generates: one file a family, NumPy only."""
