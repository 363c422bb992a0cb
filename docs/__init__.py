"""Programs that make the generated parts of the documentation and of the repository."""
