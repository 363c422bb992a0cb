"""`fit`: pictures in, bundle out. Read it from top to bottom: it is all that training is."""

import time
from collections.abc import Iterator

import torch

from deploy.bundle.destination import prepare
from deploy.bundle.manifest import Bundle
from trainer.assemble import assemble
from trainer.best import Best
from trainer.curve import Epoch
from trainer.data.augment import Augmentation, augment
from trainer.data.batches import Batch, Batches
from trainer.data.layout import read_layout
from trainer.data.pictures import Pictures, read_pictures
from trainer.learning import Learner
from trainer.metrics import Confusion
from trainer.networks.catalogue import build_network
from trainer.optimiser import Schedule, build_optimiser
from trainer.progress import Live
from trainer.settings import FitSettings


def fit(settings: FitSettings, live: Live) -> tuple[Bundle, Confusion]:
    """Train a network on `settings.data` and write it as the bundle `settings.out`.

    Returns:
        The bundle, and what it gets right on the validation pictures.

    Raises:
        DataError: the pictures cannot be trained on.
        Diverged: the loss stopped being a number.
        Fatal: the bundle cannot be written, or would not be equal to what was trained.
    """
    prepare(settings.out, overwrite=settings.overwrite)
    generator = _chance(settings)
    device = _device(settings)

    # The pictures, decoded once and exactly as production decodes them.
    train, val = _pictures(settings, live)
    to_learn, to_measure = (Batches(part, settings.batch, device) for part in (train, val))
    live.say(f"{len(train)} pictures to learn from, {len(val)} to measure with, on {device}")

    # The network: layers of convolution that end in one number for each label.
    network = build_network(settings.backbone, len(train.labels)).to(device)

    # The optimiser: in which direction and how far each step moves the weights.
    optimiser = build_optimiser(network, settings.weight_decay)
    schedule = Schedule(settings.lr, settings.epochs * to_learn.steps)
    learner = Learner(network, optimiser, schedule, settings.label_smoothing)

    # The epochs: learn from every picture, changed a little each time, then measure.
    best, curve = Best(settings.patience), []
    bar = live.bar(settings.epochs * (to_learn.steps * settings.batch + len(val)))
    for epoch in range(1, settings.epochs + 1):
        bar.title(f"epoch {epoch}/{settings.epochs}")
        began, rate = time.monotonic(), learner.rate
        learned = learner.learn(_augmented(to_learn, generator), bar)
        measured = learner.measure(to_measure.in_order(), bar)
        point = Epoch.of(epoch, learned, measured, rate)
        curve.append(point)
        live.say(f"{point.line(settings.epochs)}, {time.monotonic() - began:.1f} s")
        best.offer(epoch, measured, network)
        if best.is_final:
            live.say(f"stopped: no better epoch than {best.epoch} in {settings.patience} epochs")
            break

    # The best epoch's weights become the bundle, if the export answers as the network does.
    live.clear()
    live.say(f"epoch {best.epoch} is the best: exporting it and comparing the answers")
    best.restore(network)
    return assemble(settings, network.cpu(), train, val, curve, best)


def _pictures(settings: FitSettings, live: Live) -> tuple[Pictures, Pictures]:
    layout = read_layout(settings.data, settings.label_order)
    train, val = (
        read_pictures(split, layout.labels, settings.input_spec, settings.threads, live.count)
        for split in (layout.train, layout.val)
    )
    return train, val


def _augmented(batches: Batches, generator: torch.Generator) -> Iterator[Batch]:
    for pixels, targets in batches.shuffled(generator):
        yield augment(pixels, Augmentation(), generator), targets


def _chance(settings: FitSettings) -> torch.Generator:
    """Weights, dropout, order and augmentation: every random number follows from the seed."""
    if settings.threads:
        torch.set_num_threads(settings.threads)
    torch.manual_seed(settings.seed)
    return torch.Generator().manual_seed(settings.seed)


def _device(settings: FitSettings) -> torch.device:
    if settings.device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    return torch.device(settings.device)
