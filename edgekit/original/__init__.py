"""The net as the user gave it: described, run, recorded. TensorFlow, in child processes."""
