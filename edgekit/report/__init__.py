"""What a conversion measured, for people: tables, plots, one page."""
