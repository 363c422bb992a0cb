"""Every setting of the service: what it does, its unit, and why its default is what it is.

One file a group. A docstring below a field is its help text on the command line and in the
reference.
"""
