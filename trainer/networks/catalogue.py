"""The networks that `--backbone` names: our plain one, and every convolutional one of timm's."""

from trainer.networks.outputs import Link, exclusive
from trainer.networks.pixels import TakesPixels
from trainer.networks.plain import PlainNetwork
from trainer.settings import PLAIN


def build_network(
    backbone: str, classes: int, size: int = 224, link: Link = exclusive
) -> TakesPixels:
    """An untrained network from pixels, size x size, to `classes` probabilities, made by `link`.

    Raises:
        UnknownBackbone: timm has no such network, or it is none for pictures of this size.
    """
    if backbone == PLAIN:
        return TakesPixels(PlainNetwork(classes, link))
    from trainer.networks.backbone import Architecture, with_dense_layer

    architecture = Architecture(backbone)
    network = with_dense_layer(architecture.body(), backbone, classes, size, link)
    return TakesPixels(network, architecture.scaling)
