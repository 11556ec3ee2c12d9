"""What an artifact costs and how faithful it is, through the runtime that the device will use."""
