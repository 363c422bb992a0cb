"""Small pictures for the page, each made once for its content."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TypeAlias

import msgspec

from deploy.bundle.errors import BadFrame
from deploy.bundle.golden import encode_frame
from deploy.bundle.manifest import InputSpec
from deploy.bundle.pixels import frame_to_pixels
from trainer.checking.ahead import ahead
from trainer.checking.kept import read_sealed, write_sealed
from trainer.data.pictures import PHOTO_LIMITS

Thumbnail: TypeAlias = bytes | None
"""A JPEG of 112 x 112; None where the picture cannot be decoded."""
Made: TypeAlias = tuple[str, Thumbnail]
"""sha256 of what the file holds now, and its thumbnail; empty where the file is gone."""
Watch: TypeAlias = Callable[[str, Iterable[Made], int], Iterator[Made]]
SIDE = 112
_LOOK = InputSpec(SIDE, SIDE, "letterbox")
_QUALITY = 70
_FILE = "thumbnails.msgpack"


class _Kept(msgspec.Struct, tag_field="schema", tag="yardlight.thumbnails/1"):
    made: dict[str, Thumbnail]


def thumbnails(
    places: Mapping[str, Path], folder: Path, threads: int, watch: Watch
) -> dict[str, Thumbnail]:
    """sha256 → thumbnail of each picture; without those that changed meanwhile.

    Args:
        places: sha256 → where the picture lies.
        folder: where they are kept for the next run.
        threads: 0 takes every core.
        watch: shows how far it is.

    Raises:
        OSError: they cannot be kept.
    """
    before: _Kept | None = read_sealed(folder / _FILE, _Kept)
    known = {} if before is None else before.made
    fresh = {digest: path for digest, path in places.items() if digest not in known}
    made = ahead(_made, fresh.values(), threads)
    shown = {digest: one for digest, one in known.items() if digest in places}
    watched = watch("making thumbnails", made, len(fresh))
    shown |= {digest: one for digest, one in watched if digest in fresh}
    if shown.keys() != known.keys():
        write_sealed(folder / _FILE, _Kept(shown))
    return shown


def _made(path: Path) -> Made:
    try:
        content = path.read_bytes()
    except OSError:
        return "", None
    digest = hashlib.sha256(content).hexdigest()
    try:
        return digest, encode_frame(frame_to_pixels(content, _LOOK, PHOTO_LIMITS), _QUALITY)
    except BadFrame:
        return digest, None
