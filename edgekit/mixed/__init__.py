"""Mixed precision: each layer measured alone, then the best assignments solved for."""
