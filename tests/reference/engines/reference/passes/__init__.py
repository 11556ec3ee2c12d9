"""The passes of the reference engine: those that work, and those that fail as real ones do."""
