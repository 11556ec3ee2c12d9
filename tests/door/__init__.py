"""Nets as people save them, one or more of each kind that once stopped at the door.

`python -m tests.door` converts all of them for both engines and prints what came of each; with
paths, it does the same for those models.
"""
