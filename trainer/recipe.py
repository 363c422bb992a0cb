"""`fit`: pictures in, bundle out. Read it from top to bottom: it is all that training is."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from deploy.bundle.destination import prepare
from deploy.bundle.manifest import Bundle
from trainer.acceleration import accelerate
from trainer.assemble import assemble
from trainer.averaging import between, moving_average
from trainer.beginning import begin
from trainer.best import Best
from trainer.calibration import Calibration
from trainer.chance import Chance
from trainer.data.annotated import read_annotated_layout, unread_labels
from trainer.data.augment import Augmentation, augment
from trainer.data.batches import Batch, Batches
from trainer.data.cache import Cache
from trainer.data.digest import data_digest
from trainer.data.layout import Layout, read_layout
from trainer.data.mix import Mixing, mix
from trainer.data.pictures import Pictures, read_pictures
from trainer.data.scarcity import scarce
from trainer.dense_weights import put_dense, take_dense
from trainer.errors import DataError
from trainer.evaluation import Evaluation
from trainer.keeper import Keeper
from trainer.learning import Learner
from trainer.networks.pixels import TakesPixels
from trainer.optimiser import Schedule, Tether, build_optimiser, normalises
from trainer.probe import VIEWS
from trainer.progress import Live
from trainer.ranks import Ranks, together
from trainer.report import Trained
from trainer.reporting.private import report_on
from trainer.settings import NOTHING, FitSettings
from trainer.tasks.known import task_of
from trainer.tasks.objective import objective_of
from trainer.teacher import Teacher, open_teacher
from trainer.training import Training, start_of


def fit(settings: FitSettings, live: Live) -> tuple[Bundle, Evaluation] | None:
    """Train a network on `settings.data` and write it as the bundle `settings.out`.

    Returns:
        The bundle, and what it gets right on the validation pictures; None in all but the first of
        the processes that torchrun started.

    Raises:
        DataError: the pictures cannot be trained on.
        UnknownBackbone, WrongWeights, WrongTeacher: the network cannot be begun with.
        WrongCheckpoint: what an earlier run left is damaged, or of another run.
        Diverged: the loss stopped being a number.
        Fatal: the bundle cannot be written, or would not be equal to what was trained.
    """
    prepare(settings.out, overwrite=settings.overwrite)
    if settings.threads:
        torch.set_num_threads(settings.threads)
    with together(settings.device) as ranks:
        learned = _learn(settings, ranks, live if ranks.is_first else live.silent())
    return _finish(settings, learned, live) if ranks.is_first else None


@dataclass(frozen=True, slots=True)
class _Learned:
    network: TakesPixels
    training: Training
    to_learn: Batches
    to_measure: Batches
    keeper: Keeper
    teacher: Teacher | None


def _learn(settings: FitSettings, ranks: Ranks, live: Live) -> _Learned:
    # Labels, and whom to learn from beside them, where somebody is to teach.
    layout = _layout(settings)
    for sentence in layout.notes:
        live.say(sentence)
    teacher = open_teacher(settings, layout.labels, torch.get_num_threads())

    # The pictures, decoded once and exactly as production decodes them.
    train, val = _pictures(settings, layout, live)
    to_learn, to_measure = (Batches(part, settings.batch, ranks) for part in (train, val))
    live.say(f"{len(train)} pictures to learn from, {len(val)} to measure with, on {ranks.device}")
    for sentence in scarce(train, val):
        live.say(f"warning: {sentence}")

    # What an earlier run left when it was interrupted, if it is to go on.
    taught_by = None if teacher is None else teacher.bundle.digest
    keeper = Keeper(settings, data_digest(settings.data, train, val), ranks, live, taught_by)
    left = keeper.left_off(resume=settings.resume, overwrite=settings.overwrite)
    if teacher is not None:
        live.say(_worth(teacher, to_measure))

    # The network: layers of convolution that end in one number for each label. Where its weights
    # are pretrained, that last layer has been learned, and nothing else has moved.
    chance = Chance(settings.seed, ranks.rank)
    start = None if left is None else left["start"]
    network = begin(settings, to_learn, chance, live, start, teacher)

    # The learner: in which direction and how far each step moves the weights.
    learner = _learner(settings, network, to_learn, chance, teacher)
    best = Best(settings.patience)
    training = Training(learner, best, start_of(network), to_learn.steps)
    bar = live.bar(settings.rounds * (to_learn.steps * settings.batch + len(val)) + len(val))
    if left is not None:
        training.restore(left)
        bar.advance(learner.step * settings.batch + len(training.curve) * len(val))
        live.say(f"resumed in epoch {training.epoch}, after step {learner.step}")
    elif settings.weights is not None:
        probed = learner.measure(to_measure.shared(), bar)
        live.say(f"probe: val loss {probed.loss:.4f} accuracy {probed.accuracy:.4f}")
        best.offer(0, probed, network)

    # The epochs: learn from every picture, changed a little each time, then measure.
    with keeper.watching():
        while training.epoch <= settings.rounds and not best.is_final:
            bar.title(f"epoch {training.epoch}/{settings.rounds}")
            began = time.monotonic()
            changed = _changed(settings, to_learn, training, chance)
            learner.learn(keeper.watched(changed, training), training.learned, bar)
            point = training.measured(learner.measure(to_measure.shared(), bar))
            live.say(f"{point.line(settings.rounds)}, {time.monotonic() - began:.1f} s")
            keeper.keep(training)
    if best.is_final:
        live.say(f"stopped: no better epoch than {best.epoch} in {settings.patience} epochs")
    live.clear()
    return _Learned(network, training, to_learn, to_measure, keeper, teacher)


def _finish(settings: FitSettings, learned: _Learned, live: Live) -> tuple[Bundle, Evaluation]:
    network, training, best = learned.network, learned.training, learned.training.best
    train, val = learned.to_learn.pictures, learned.to_measure.pictures

    # What is kept lies between start and best epoch, and knows how sure it may be.
    best.restore(network)
    if settings.weights is not None:
        network.load_state_dict(between(training.start, network.state_dict(), settings.tuned_share))
    calibration = _calibrate(settings, network, learned.to_measure)
    live.say(f"epoch {best.epoch} is the best, {calibration}: exporting it")

    # That becomes the bundle, if the export answers as the network does. No teacher is in it.
    taught_by = None if learned.teacher is None else learned.teacher.origin
    trained = Trained(tuple(training.curve), best.epoch, calibration)
    made = assemble(
        settings, network.cpu(), train, val, trained, tuple(training.changes), taught_by
    )
    learned.keeper.done()
    live.say(f"report: {_report(settings, val, *made)}")
    return made


def _layout(settings: FitSettings) -> Layout:
    if settings.multi_label:
        return read_annotated_layout(settings.data, settings.label_order, settings.nothing)
    if settings.nothing != NOTHING:
        raise DataError("--nothing goes with --multi-label: without it every folder is a label")
    layout = read_layout(settings.data, settings.label_order)
    return replace(layout, notes=tuple(unread_labels(layout)))


def _pictures(settings: FitSettings, layout: Layout, live: Live) -> tuple[Pictures, Pictures]:
    spec = settings.input_spec
    cache = None if settings.cache is None else Cache(settings.cache, spec)
    train, val = (
        read_pictures(split, layout.labels, spec, settings.threads, live.count, cache)
        for split in (layout.train, layout.val)
    )
    return train, val


def _worth(teacher: Teacher, batches: Batches) -> str:
    right, of = teacher.right(batches.in_order()), len(batches.pictures)
    name = teacher.bundle.manifest.name
    return f"teacher {name}: val accuracy {right / of:.4f}, seeing what this network sees"


def _learner(
    settings: FitSettings,
    network: TakesPixels,
    batches: Batches,
    chance: Chance,
    teacher: Teacher | None,
) -> Learner:
    pretrained = settings.weights is not None
    train = batches.pictures
    objective = objective_of(settings.activation)
    targets = torch.from_numpy(train.shown).float().to(batches.device)
    return Learner(
        network,
        objective,
        build_optimiser(network, settings.weight_decay, settings.optimiser),
        Schedule(
            settings.highest_rate(normalised=normalises(network)), settings.rounds * batches.steps
        ),
        chance,
        accelerate(network, batches.ranks, half=settings.amp, compiled=settings.compile),
        settings.label_smoothing,
        objective.weights(targets) if settings.balanced else None,
        Tether.to_start(network.network.body, settings.tether) if pretrained else None,
        teacher,
        moving_average(network, settings.ema) if settings.ema else None,
        keeps_norms=pretrained,
    )


def _changed(
    settings: FitSettings, batches: Batches, training: Training, chance: Chance
) -> Iterator[Batch]:
    """What is left of an epoch: augmented batches, mixed where that is asked for."""
    how = VIEWS if settings.weights else Augmentation()
    mixing = Mixing(settings.mixup, settings.cutmix)
    first = training.learner.step
    left = batches.shuffled(chance.order(training.epoch), training.step)
    for step, (pixels, targets) in enumerate(left, first):
        generator = chance.changes(step)
        changed = augment(pixels, how, generator)
        if mixing == Mixing():
            yield changed, targets
        else:
            yield mix(changed, targets, mixing, generator)


def _report(settings: FitSettings, val: Pictures, bundle: Bundle, measured: Evaluation) -> Path:
    return report_on(
        bundle,
        val,
        measured,
        settings.run_folder,
        settings.data,
        threads=settings.threads,
        show=settings.pictures,
    )


def _calibrate(settings: FitSettings, network: TakesPixels, batches: Batches) -> Calibration:
    """Fold in what makes confidence fit the validation pictures best, and say what it is."""
    network.eval()
    with torch.inference_mode():
        logits = torch.cat([network(pixels).logits for pixels, _ in batches.in_order()])
    task, dense = task_of(settings.activation), network.network.dense
    found = task.calibration(logits.cpu().numpy(), batches.pictures.shown)
    put_dense(dense, found.folded(take_dense(dense)))
    return found
