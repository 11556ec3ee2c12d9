"""Built-in recipes: TOML files, one a recipe."""
