"""Passes of LiteRT: SavedModel → .tflite, and inside that format."""
