"""How much of training is anything but the network: the loop of `fit` against a bare one."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
from rich.console import Console

from tests.bench.rig import save, say
from trainer.acceleration import accelerate
from trainer.chance import Chance
from trainer.curve import Score
from trainer.data.augment import Augmentation, augment
from trainer.data.batches import Batch, Batches
from trainer.data.pictures import Pictures
from trainer.learning import Learner
from trainer.networks.catalogue import build_network
from trainer.networks.pixels import TakesPixels
from trainer.optimiser import Schedule, build_optimiser
from trainer.progress import Live
from trainer.ranks import Ranks

_PICTURES, _BATCH, _ROUNDS = 128, 32, 3
_NETWORKS = (("plain", 128), ("resnet18", 224))


def measure_training() -> None:
    """Print pictures per second of CPU time of both loops, in turns, on one thread."""
    torch.set_num_threads(1)
    for backbone, size in _NETWORKS:
        batches = Batches(_pictures(size), _BATCH, Ranks(torch.device("cpu")))
        ours, bare = _ours(backbone, size, batches), _bare(backbone, size, batches)
        rates = [(_rate(ours), _rate(bare)) for _ in range(_ROUNDS)]
        our_rate, bare_rate = np.median(rates, 0).tolist()
        ratio = our_rate / bare_rate
        say(
            f"training {backbone}: {our_rate:.1f} pictures/s, a bare loop {bare_rate:.1f}, "
            f"ratio {ratio:.2f}   (aim: 0.90 or more)"
        )
        save(f"training-{backbone}", {"ours": our_rate, "bare": bare_rate, "ratio": ratio})


def _pictures(size: int) -> Pictures:
    chance = np.random.default_rng(0)
    pixels = chance.integers(0, 256, (_PICTURES, size, size, 3), np.uint8)
    files = tuple(Path(f"{index}.jpg") for index in range(_PICTURES))
    targets = chance.integers(0, 4, _PICTURES)
    return Pictures(Path(), tuple("abcd"), files, ("",) * _PICTURES, pixels, targets)


def _rate(loop: Callable[[], None]) -> float:
    began = time.process_time()
    loop()
    return _PICTURES / (time.process_time() - began)


def _ours(backbone: str, size: int, batches: Batches) -> Callable[[], None]:
    """One epoch as `fit` goes through it: order, augmentation, loss, step, bar."""
    chance, network = Chance(0), build_network(backbone, 4, size)
    learner = Learner(
        network,
        build_optimiser(network, 0.05),
        Schedule(1e-3, 100),
        chance,
        accelerate(network, batches.ranks, half=False, compiled=False),
        0.05,
    )
    bar = Live(Console(quiet=True)).bar(_PICTURES)

    def changed() -> Iterator[Batch]:
        for step, (pixels, targets) in enumerate(batches.shuffled(chance.order(1))):
            yield augment(pixels, Augmentation(), chance.changes(step)), targets

    return lambda: learner.learn(changed(), Score(), bar)


def _bare(backbone: str, size: int, batches: Batches) -> Callable[[], None]:
    """The same network and optimiser on one batch that is there already."""
    network: TakesPixels = build_network(backbone, 4, size)
    optimiser = build_optimiser(network, 0.05)
    pixels, targets = next(batches.in_order())

    def loop() -> None:
        network.train()
        for _ in range(_PICTURES // _BATCH):
            optimiser.zero_grad()
            torch.nn.functional.cross_entropy(network(pixels).logits, targets).backward()
            optimiser.step()

    return loop
