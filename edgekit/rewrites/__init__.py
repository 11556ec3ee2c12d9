"""Exact rewrites of lowered LiteRT graphs: one file each.

A rewrite is a module with `match(graph, op) -> bool` and `apply(graph, op)`, which replaces the
op in place; its docstring holds the mathematics. Results are equal to the last rounding.
"""
