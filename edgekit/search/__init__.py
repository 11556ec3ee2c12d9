"""A search over recipes: edgekit tune."""
