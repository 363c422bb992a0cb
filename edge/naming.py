"""What slots and nodes may be called: a name is part of topics' keys, of files and of labels."""

NAME = "[A-Za-z0-9][A-Za-z0-9._-]{0,99}"
"""A regular expression for the whole of one."""
