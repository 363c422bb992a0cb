"""What a network looked at when it answered."""
