"""The bundle: a folder with all that a device needs (docs/bundle.md)."""
