"""How much of training is anything but the network: a step of `fit` against a bare one, and what a
second run over the same photos has to read.
"""

import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TypeVar

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from rich.console import Console

from deploy.bundle.golden import encode_frame
from deploy.bundle.manifest import InputSpec
from tests.bench.rig import save, say
from trainer.acceleration import accelerate
from trainer.chance import Chance
from trainer.curve import Score
from trainer.data.augment import Augmentation, augment
from trainer.data.batches import Batch, Batches
from trainer.data.cache import Cache
from trainer.data.layout import read_split
from trainer.data.pictures import Pictures, read_pictures
from trainer.learning import Learner
from trainer.networks.catalogue import build_network
from trainer.optimiser import Schedule, build_optimiser
from trainer.progress import Live
from trainer.ranks import Ranks
from trainer.tasks.objective import objective_of

T = TypeVar("T")
_PICTURES = 128
_NETWORKS = (("plain", 128, 32), ("resnet18", 224, 8))
"""Each with the size of a picture and of a batch."""
_FEWEST, _MOST, _SECONDS = 4, 40, 45.0
"""Pairs of steps, and how long they may take all together where the machine is slow."""
_PHOTOS, _WIDE, _HIGH = 6, 4000, 3000


def measure_training() -> None:
    """Print pictures per second of CPU time on one thread. Both loops make a step in turn, so that
    what else the machine does meets them alike.
    """
    torch.set_num_threads(1)
    for backbone, size, batch in _NETWORKS:
        batches = Batches(_pictures(size), batch, Ranks(torch.device("cpu")))
        seconds = _in_turn(_ours(backbone, size, batches), _bare(backbone, size, batches))
        ours, bare = (batch / np.median(seconds, 0)).tolist()
        ratio = float(np.median(seconds[:, 1] / seconds[:, 0]))
        say(
            f"training {backbone}: {ours:.1f} pictures/s, a bare loop {bare:.1f}, ratio "
            f"{ratio:.2f} of {len(seconds)} pairs of steps   (aim: 0.90 or more)"
        )
        save(f"training-{backbone}", {"ours": ours, "bare": bare, "ratio": ratio})
    _measure_reading()


def _in_turn(ours: Callable[[], None], bare: Callable[[], None]) -> NDArray[np.float64]:
    """Seconds of CPU time [pairs, 2] of both, after one step each that warms up."""
    ours()
    bare()
    pairs: list[tuple[float, float]] = []
    began = time.monotonic()
    while len(pairs) < _FEWEST or (len(pairs) < _MOST and time.monotonic() - began < _SECONDS):
        pairs.append((_seconds_of(ours), _seconds_of(bare)))
    return np.array(pairs)


def _seconds_of(step: Callable[[], None]) -> float:
    began = time.process_time()
    step()
    return time.process_time() - began


def _measure_reading() -> None:
    """Print what photos of twelve megapixels take to be read for the first and the second time."""
    with tempfile.TemporaryDirectory() as place:
        _draw_photos(Path(place) / "photos" / "label")
        split, spec = read_split(Path(place) / "photos"), InputSpec(224, 224)
        cache = Cache(Path(place) / "cache", spec)

        def read() -> None:
            read_pictures(split, ("label",), spec, 1, _unseen, cache)

        first, second = (1000 * _seconds_of(read) / _PHOTOS for _ in range(2))
    say(
        f"reading a photo of {_WIDE} x {_HIGH} with --cache: {first:.1f} ms of CPU time, "
        f"{second:.1f} ms the second time   (aim: nothing is decoded)"
    )
    save("training-reading", {"first_ms": first, "second_ms": second})


def _draw_photos(folder: Path) -> None:
    folder.mkdir(parents=True)
    chance = np.random.default_rng(0)
    for index in range(_PHOTOS):
        small = chance.integers(0, 256, (_HIGH // 20, _WIDE // 20, 3), np.uint8)
        photo = cv2.resize(small, (_WIDE, _HIGH), interpolation=cv2.INTER_CUBIC)
        (folder / f"{index}.jpg").write_bytes(encode_frame(photo))


def _unseen(_: str, items: Iterable[T], __: int) -> Iterator[T]:
    yield from items


def _pictures(size: int) -> Pictures:
    chance = np.random.default_rng(0)
    pixels = chance.integers(0, 256, (_PICTURES, size, size, 3), np.uint8)
    files = tuple(Path(f"{index}.jpg") for index in range(_PICTURES))
    shown = np.eye(4, dtype=np.bool_)[chance.integers(0, 4, _PICTURES)]
    return Pictures(Path(), tuple("abcd"), files, ("",) * _PICTURES, pixels, shown)


def _ours(backbone: str, size: int, batches: Batches) -> Callable[[], None]:
    """One step as `fit` makes it: order, augmentation, loss, step, bar."""
    chance, network = Chance(0), build_network(backbone, 4, size)
    learner = Learner(
        network,
        objective_of("softmax"),
        build_optimiser(network, 0.05),
        Schedule(1e-3, 100),
        chance,
        accelerate(network, batches.ranks, half=False, compiled=False),
        0.05,
    )
    bar, changed = Live(Console(quiet=True)).bar(_PICTURES), _changed(batches, chance)
    return lambda: learner.learn([next(changed)], Score(), bar)


def _changed(batches: Batches, chance: Chance) -> Iterator[Batch]:
    """Epoch after epoch."""
    step = 0
    while True:
        for pixels, targets in batches.shuffled(chance.order(step)):
            yield augment(pixels, Augmentation(), chance.changes(step)), targets
            step += 1


def _bare(backbone: str, size: int, batches: Batches) -> Callable[[], None]:
    """The same network and optimiser on one batch that is there already."""
    network = build_network(backbone, 4, size)
    optimiser = build_optimiser(network, 0.05)
    pixels, targets = next(batches.in_order())

    def step() -> None:
        optimiser.zero_grad()
        torch.nn.functional.cross_entropy(network(pixels).logits, targets).backward()
        optimiser.step()

    return step
