"""Where training begins: an untrained network, or a pretrained one whose dense layer was probed."""

from collections.abc import Mapping
from typing import Any

from deploy.bundle.errors import Fatal
from trainer.chance import Chance
from trainer.data.batches import Batches
from trainer.networks.catalogue import build_network
from trainer.networks.pixels import TakesPixels
from trainer.probe import probe, views
from trainer.progress import Live
from trainer.settings import FitSettings
from trainer.tasks.known import task_of
from trainer.tasks.objective import objective_of
from trainer.teacher import Teacher


def begin(
    settings: FitSettings,
    batches: Batches,
    chance: Chance,
    live: Live,
    start: Mapping[str, Any] | None = None,
    teacher: Teacher | None = None,
) -> TakesPixels:
    """The network that `settings` ask for, on the device of `batches`.

    Args:
        settings: name, weights, and how to probe them.
        batches: pictures to learn from.
        chance: where first weights and views come from.
        live: says how it went.
        start: the weights that an interrupted run began with: nothing is probed again.
        teacher: whom the dense layer learns from, beside the labels.

    Raises:
        UnknownBackbone: timm has no such network, or it is unfit.
        Fatal: there would be nothing to learn.
        WrongWeights: `settings.weights` is none, or is for another network.
    """
    chance.begin()
    if settings.weights is None:
        network = _untrained(settings, len(batches.pictures.labels))
    else:
        network = _pretrained(settings, batches, live)
    network.to(batches.device)
    if start is not None:
        network.load_state_dict(start)
    elif settings.weights is not None:
        bar = live.bar(len(batches.pictures) * (2 + settings.views))
        bar.title("features of the frozen backbone")
        changed = views(batches, settings.views, chance.views())
        task = task_of(settings.activation)
        probe(task, network, changed, settings.probe_pull, bar, teacher)
    return network


def _untrained(settings: FitSettings, classes: int) -> TakesPixels:
    if settings.rounds == 0:
        raise Fatal("--epochs 0 trains nothing: give it --weights, or an epoch at least")
    link = objective_of(settings.activation).link
    return build_network(settings.backbone, classes, settings.input_spec.width, link)


def _pretrained(settings: FitSettings, batches: Batches, live: Live) -> TakesPixels:
    from trainer.networks.pretrained import pretrained

    assert settings.weights is not None
    train = batches.pictures
    found = pretrained(
        settings.backbone,
        settings.weights,
        settings.variant,
        len(train.labels),
        train.pixels,
        objective_of(settings.activation).link,
    )
    for sentence in found.said:
        live.say(sentence)
    return found.network
