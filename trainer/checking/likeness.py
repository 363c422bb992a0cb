"""Which pictures of the data set show the same, as far as it was not found out before."""

from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np

from trainer.checking.kept import key_of, read_sealed, write_sealed
from trainer.checking.measured import Measured
from trainer.likeness.grey import SIDE
from trainer.likeness.groups import Groups
from trainer.likeness.near import Compared, Watch, near_duplicates

_FILE = "compared.msgpack"


class _Kept(msgspec.Struct, tag_field="schema", tag="yardlight.compared/2"):
    asked: bytes
    """Which pictures, in which order."""
    roots: list[int]
    """Of each of them, the first one that shows the same."""
    pairs: dict[bytes, bool]
    """Those that were compared, by a hash of the two."""


def alike(pictures: Sequence[Measured], kept: Path, threads: int, watch: Watch) -> Groups:
    """Group readable pictures.

    Args:
        pictures: what was measured of each.
        kept: folder for the next time.
        threads: 0 takes every core.
        watch: shows how far it is.

    Raises:
        OSError: what was compared cannot be kept.
    """
    flat = np.frombuffer(b"".join(one.grey for one in pictures), np.uint8)
    greys = flat.reshape(len(pictures), SIDE, SIDE)
    asked, before = key_of(greys), read_sealed(kept / _FILE, _Kept)
    if before is not None and before.asked == asked:
        return Groups.of_roots(before.roots)
    compared = Compared(before.pairs if before is not None else {})
    groups = near_duplicates(greys, watch, compared, threads)
    roots = [groups.root(number) for number in range(len(pictures))]
    write_sealed(kept / _FILE, _Kept(asked, roots, compared.now))
    return groups
