"""Where training begins: an untrained network, or a pretrained one whose dense layer was probed."""

import torch

from deploy.bundle.errors import Fatal
from trainer.data.batches import Batches
from trainer.networks.catalogue import build_network
from trainer.networks.pixels import TakesPixels
from trainer.probe import probe, views
from trainer.progress import Live
from trainer.settings import FitSettings


def begin(
    settings: FitSettings, batches: Batches, generator: torch.Generator, live: Live
) -> TakesPixels:
    """The network that `settings` ask for, on the device of `batches`.

    Raises:
        UnknownBackbone: timm has no such network, or it is unfit.
        Fatal: there would be nothing to learn.
        WrongWeights: `settings.weights` is none, or is for another network.
    """
    train, size = batches.pictures, settings.input_spec.width
    if settings.weights is None:
        if settings.rounds == 0:
            raise Fatal("--epochs 0 trains nothing: give it --weights, or an epoch at least")
        network = build_network(settings.backbone, len(train.labels), size)
        network.to(batches.device)
        return network
    from trainer.networks.pretrained import pretrained

    found = pretrained(
        settings.backbone, settings.weights, settings.variant, len(train.labels), train.pixels
    )
    for sentence in found.said:
        live.say(sentence)
    network = found.network
    network.to(batches.device)
    bar = live.bar(len(train) * (2 + settings.views))
    bar.title("features of the frozen backbone")
    changed = views(batches, settings.views, generator)
    probe(network, changed, network.network.dense, settings.probe_pull, bar)
    return network
