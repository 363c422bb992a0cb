"""The recount of what became of every frame, from the topics alone."""
