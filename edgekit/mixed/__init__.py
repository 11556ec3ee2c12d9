"""Mixed precision: each layer measured alone, then the best assignments solved for.

One file for each engine tells which layers hold weights and which passes make an assignment.
"""
