"""Frames from operation, kept for training with what the service said of them."""
