"""Passes of OpenVINO: SavedModel → IR, and inside that format."""
