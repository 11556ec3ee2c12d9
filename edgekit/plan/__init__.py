"""What is to be done, as data: no framework is imported."""
