"""The networks that `--backbone` names."""

from torch import nn

from trainer.networks.pixels import TakesPixels
from trainer.networks.plain import PlainNetwork
from trainer.settings import Backbone

_NETWORKS: dict[Backbone, type[nn.Module]] = {"plain": PlainNetwork}


def build_network(backbone: Backbone, classes: int) -> TakesPixels:
    """An untrained network from pixels to `classes` probabilities."""
    return TakesPixels(_NETWORKS[backbone](classes))
