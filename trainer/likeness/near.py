"""Near-duplicates: re-encoded, resized, cut at the rim, brightened or mirrored."""

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from typing import TypeAlias

import numpy as np

from trainer.likeness.alignment import show_the_same
from trainer.likeness.candidates import Candidate, candidates
from trainer.likeness.grey import Greys
from trainer.likeness.groups import Groups

Watch: TypeAlias = Callable[[str, Iterable[Candidate], int], Iterator[Candidate]]
_AT_ONCE = 64
_KEY_BYTES = 16


@dataclass(frozen=True, slots=True)
class Compared:
    """Whether two pictures show the same, by a hash of the two: a pair is compared once."""

    before: Mapping[bytes, bool] = field(default_factory=dict)
    now: dict[bytes, bool] = field(default_factory=dict)
    """Those that were asked for, for the next time."""

    def ask(self, greys: Greys, pair: Candidate) -> bool:
        one, other = greys[pair.one], greys[pair.other]
        if pair.flipped:
            other = np.ascontiguousarray(other[:, ::-1])
        key = hashlib.blake2b(one.tobytes() + other.tobytes(), digest_size=_KEY_BYTES).digest()
        known = self.before.get(key)
        self.now[key] = show_the_same(one, other) if known is None else known
        return self.now[key]


def near_duplicates(
    greys: Greys, watch: Watch, compared: Compared | None = None, threads: int = 0
) -> Groups:
    """Link those of uint8 [N, S, S] that show the same.

    Args:
        greys: small grey copies of the pictures.
        watch: shows how far it is.
        compared: what is known from before, and is added to.
        threads: 0 takes every core.
    """
    groups, pairs = Groups(), candidates(greys)
    ask = partial((compared or Compared()).ask, greys)
    ahead = watch("comparing pairs", pairs, len(pairs))
    with ThreadPoolExecutor(threads or os.cpu_count()) as pool:
        while some := list(islice(ahead, _AT_ONCE)):
            # Those that are together already need no further reason.
            apart = [pair for pair in some if not groups.are_together(pair.one, pair.other)]
            for pair, same in zip(apart, pool.map(ask, apart), strict=True):
                if same:
                    groups.link(pair.one, pair.other)
    return groups
