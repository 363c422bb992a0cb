"""Child processes that decode frames, and run the engine on them, so that no frame can end ours."""
