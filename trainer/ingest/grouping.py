"""Which pictures stay together, and in which split: none of a group crosses it."""

import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import pairwise

from trainer.data.layout import TRAIN, VAL
from trainer.ingest.shelf import Item
from trainer.likeness.groups import Groups


def link_origins(items: Sequence[Item], groups: Groups) -> None:
    """Crops of one picture, that picture itself, and those that were in a group before."""
    first: dict[str, int] = {}
    for number, item in enumerate(items):
        for key in (item.origin or item.digest, item.group and f"group {item.group}"):
            if key:
                groups.link(first.setdefault(key, number), number)


def link_neighbours(items: Sequence[Item], groups: Groups, seconds: float) -> None:
    """Frames of one camera that were taken within so many seconds of each other."""
    by_camera: dict[tuple[str, bool], list[tuple[float, int]]] = defaultdict(list)
    for number, item in enumerate(items):
        if item.camera is not None and item.taken_at is not None:
            by_camera[item.camera, item.has_clock].append((item.taken_at, number))
    for frames in by_camera.values():
        frames.sort()
        for (before, one), (after, other) in pairwise(frames):
            if after - before <= seconds:
                groups.link(one, other)


def assign(
    items: Sequence[Item], groups: Groups, val_share: float, seed: int
) -> tuple[dict[int, str], list[int]]:
    """The split of each picture, by number; and those that fit into neither.

    A group that is in a split already stays there. One that is in both, which only pictures that
    came before can be, takes no more. One that its source had in a split stays in it. The others
    are dealt out label by label, so that each has its share in val.
    """
    chosen: dict[int, str] = {}
    left_out: list[int] = []
    open_groups: list[list[int]] = []
    for members in groups.of(len(items)):
        fixed = {items[number].fixed for number in members} - {None}
        wanted = [split for number in members if (split := items[number].wanted) is not None]
        if len(fixed) > 1:
            left_out += [number for number in members if items[number].fixed is None]
        elif fixed or wanted:
            split = next(iter(fixed), None) or max(sorted(set(wanted)), key=wanted.count)
            chosen |= dict.fromkeys(members, str(split))
        else:
            open_groups.append(members)
    _deal(items, open_groups, val_share, random.Random(seed), chosen)  # noqa: S311 - no secret
    return chosen, left_out


def _deal(
    items: Sequence[Item],
    open_groups: Sequence[Sequence[int]],
    val_share: float,
    chance: random.Random,
    chosen: dict[int, str],
) -> None:
    counts = _counts(items, chosen)
    order = list(open_groups)
    chance.shuffle(order)
    for members in sorted(order, key=len, reverse=True):
        label = items[members[0]].labels[:1]
        in_train, in_val = counts[label, TRAIN], counts[label, VAL]
        size = len(members)
        # To val if that brings its share nearer to what was asked for.
        total = in_train + in_val + size
        short = val_share * total - in_val
        to_val = in_train > 0 and short >= size / 2
        split = VAL if to_val else TRAIN
        counts[label, split] += size
        chosen |= dict.fromkeys(members, split)


def _counts(
    items: Sequence[Item], chosen: Mapping[int, str]
) -> dict[tuple[tuple[str, ...], str], int]:
    counts: dict[tuple[tuple[str, ...], str], int] = defaultdict(int)
    for number, split in chosen.items():
        counts[items[number].labels[:1], split] += 1
    return counts
