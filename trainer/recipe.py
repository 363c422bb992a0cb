"""`fit`: pictures in, bundle out. Read it from top to bottom: it is all that training is."""

import copy
import time
from collections.abc import Iterator

import torch

from deploy.bundle.destination import prepare
from deploy.bundle.manifest import Bundle
from trainer.assemble import assemble
from trainer.averaging import between, moving_average
from trainer.beginning import begin
from trainer.best import Best
from trainer.calibration import fold_temperature, temperature
from trainer.curve import Epoch
from trainer.data.augment import Augmentation, augment
from trainer.data.batches import Batch, Batches
from trainer.data.layout import read_layout
from trainer.data.mix import Mixing, mix
from trainer.data.pictures import Pictures, read_pictures
from trainer.learning import Learner, class_weights
from trainer.metrics import Confusion
from trainer.networks.pixels import TakesPixels
from trainer.optimiser import Schedule, Tether, build_optimiser
from trainer.probe import VIEWS
from trainer.progress import Live
from trainer.settings import FitSettings


def fit(settings: FitSettings, live: Live) -> tuple[Bundle, Confusion]:
    """Train a network on `settings.data` and write it as the bundle `settings.out`.

    Returns:
        The bundle, and what it gets right on the validation pictures.

    Raises:
        DataError: the pictures cannot be trained on.
        UnknownBackbone, WrongWeights: the network cannot be begun with.
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

    # The network: layers of convolution that end in one number for each label. Where its weights
    # are pretrained, that last layer has been learned, and nothing else has moved.
    network = begin(settings, to_learn, generator, live)
    start = copy.deepcopy(network.state_dict())

    # The learner: in which direction and how far each step moves the weights.
    learner = _learner(settings, network, to_learn)

    # The epochs: learn from every picture, changed a little each time, then measure.
    best, curve = Best(settings.patience), []
    bar = live.bar(settings.rounds * (to_learn.steps * settings.batch + len(val)) + len(val))
    if settings.weights is not None:
        probed = learner.measure(to_measure.in_order(), bar)
        live.say(f"probe: val loss {probed.loss:.4f} accuracy {probed.accuracy:.4f}")
        best.offer(0, probed, network)
    for epoch in range(1, settings.rounds + 1):
        bar.title(f"epoch {epoch}/{settings.rounds}")
        began, rate = time.monotonic(), learner.rate
        learned = learner.learn(_changed(settings, to_learn, generator), bar)
        measured = learner.measure(to_measure.in_order(), bar)
        point = Epoch.of(epoch, learned, measured, rate)
        curve.append(point)
        live.say(f"{point.line(settings.rounds)}, {time.monotonic() - began:.1f} s")
        best.offer(epoch, measured, learner.learned)
        if best.is_final:
            live.say(f"stopped: no better epoch than {best.epoch} in {settings.patience} epochs")
            break

    # What is kept lies between start and best epoch, and knows how sure it may be.
    live.clear()
    best.restore(network)
    if settings.weights is not None:
        network.load_state_dict(between(start, network.state_dict(), settings.tuned_share))
    divisor = _calibrate(network, to_measure)
    live.say(f"epoch {best.epoch} is the best, temperature {divisor:.2f}: exporting it")

    # That becomes the bundle, if the export answers as the network does.
    return assemble(settings, network.cpu(), train, val, curve, best)


def _pictures(settings: FitSettings, live: Live) -> tuple[Pictures, Pictures]:
    layout = read_layout(settings.data, settings.label_order)
    train, val = (
        read_pictures(split, layout.labels, settings.input_spec, settings.threads, live.count)
        for split in (layout.train, layout.val)
    )
    return train, val


def _learner(settings: FitSettings, network: TakesPixels, batches: Batches) -> Learner:
    pretrained = settings.weights is not None
    schedule = Schedule(settings.highest_rate, settings.rounds * batches.steps)
    train = batches.pictures
    targets = torch.from_numpy(train.targets).to(batches.device)
    return Learner(
        network,
        build_optimiser(network, settings.weight_decay, settings.optimiser),
        schedule,
        settings.label_smoothing,
        class_weights(targets, len(train.labels)) if settings.balanced else None,
        Tether.to_start(network.network.body, settings.tether) if pretrained else None,
        moving_average(network, settings.ema) if settings.ema else None,
        keeps_norms=pretrained,
    )


def _changed(
    settings: FitSettings, batches: Batches, generator: torch.Generator
) -> Iterator[Batch]:
    """One epoch of augmented batches, mixed where that is asked for."""
    how = VIEWS if settings.weights else Augmentation()
    mixing = Mixing(settings.mixup, settings.cutmix)
    classes = len(batches.pictures.labels)
    for pixels, targets in batches.shuffled(generator):
        changed = augment(pixels, how, generator)
        if mixing == Mixing():
            yield changed, targets
        else:
            yield mix(changed, targets, classes, mixing, generator)


def _calibrate(network: TakesPixels, batches: Batches) -> float:
    """Fold in the temperature that fits the validation pictures best, and say which it is."""
    network.eval()
    with torch.inference_mode():
        logits = torch.cat([network(pixels).logits for pixels, _ in batches.in_order()])
    divisor = temperature(logits.cpu().numpy(), batches.pictures.targets)
    fold_temperature(network.network.dense, divisor)
    return divisor


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
