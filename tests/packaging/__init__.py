"""What is published: the wheel and the sdist, and what they do where nothing else is."""
