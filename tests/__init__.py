"""Tests of edgekit; the folders mirror the package."""
