"""A page on which a person labels pictures, one key each; every answer is on the disk at once."""
