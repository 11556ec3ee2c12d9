"""Arrays in and out: pictures, sounds, textures, draws, archives. NumPy only."""
