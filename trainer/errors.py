"""What can go wrong in training, beside the kinds of `deploy.bundle.errors`."""

from deploy.bundle.errors import Fatal


class DataError(Fatal):
    """The pictures cannot be trained on or measured with as they are; names folder and file."""


class WrongWeights(Fatal):
    """A file of weights is not what the network needs; says what is missing, left over or other."""


class WrongTeacher(Fatal):
    """A bundle cannot teach the network that is to be trained; says why and what to do."""


class UnknownBackbone(Fatal):
    """timm has no network of this name, or it is none that a bundle can be made of."""


class Diverged(Fatal):
    """The loss is no longer a number: going on would train nothing."""


class ParityBroken(Fatal):
    """The exported network does not compute what the trained one computes."""


class WrongCheckpoint(Fatal):
    """A checkpoint is damaged, of another run, or in the way; says which and what to do."""
