"""A past range of frames, run again: on another bundle or engine, beside what runs live."""
