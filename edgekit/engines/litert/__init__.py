"""LiteRT: reads `.tflite` files."""
