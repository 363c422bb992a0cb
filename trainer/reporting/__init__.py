"""What was measured, for people: a page and a model card."""
