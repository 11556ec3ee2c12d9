"""How candidates are called: names are made here, and never parsed."""

from __future__ import annotations


def rewritten(name: str) -> str:
    """With exact rewrites of its graph."""
    return f"{name}+rewrites"


def without(name: str, rewrite: str) -> str:
    """With all rewrites but one."""
    return f"{name} without {rewrite}"


def in_form(name: str, form: str) -> str:
    """With what its engine may do otherwise, such as "with shared scales"."""
    return f"{name} {form}"


def numbered(name: str, number: int) -> str:
    """One of several that a search found."""
    return f"{name}-{number}"


def on_engine(engine: str, name: str) -> str:
    """On one of a target's several engines."""
    return f"{engine}/{name}"
