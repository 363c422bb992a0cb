"""What can go wrong in training, beside the kinds of `deploy.bundle.errors`."""

from deploy.bundle.errors import Fatal


class DataError(Fatal):
    """The pictures cannot be trained on or measured with as they are; names folder and file."""


class Diverged(Fatal):
    """The loss is no longer a number: going on would train nothing."""


class ParityBroken(Fatal):
    """The exported network does not compute what the trained one computes."""
