"""Built-in targets: TOML files, one a device."""
