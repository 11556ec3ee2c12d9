"""Whatever a file holds, edgekit reads it or says in one line why not.

By default a few examples of each kind; `make fuzz` tries tens of thousands.
"""
