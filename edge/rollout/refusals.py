"""Why a file of a bundle is not to be had."""

from deploy.bundle.errors import Fatal


class Missing(Fatal):
    """There is no such file."""


class Denied(Fatal):
    """It may not be read; whoever may not list a folder is told so of what is not there, too."""
