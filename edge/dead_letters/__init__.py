"""Dead letters: frames that could not be classified, looked at, put back, or deleted."""
