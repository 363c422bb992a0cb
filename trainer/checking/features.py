"""What a network sees in each picture, asked once for each content."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Protocol, TypeAlias

import msgspec
import numpy as np

from deploy.bundle.errors import BadFrame
from deploy.bundle.manifest import Bundle, InputSpec
from deploy.bundle.pixels import Pixels, frame_to_pixels
from deploy.bundle.reference import LOGITS, open_reference
from trainer.checking.ahead import ahead
from trainer.checking.kept import read_sealed, write_sealed
from trainer.checking.plain import Features
from trainer.data.pictures import PHOTO_LIMITS
from trainer.errors import DataError

Seen: TypeAlias = tuple[str, Features]
Watch: TypeAlias = Callable[[str, Iterable[Seen], int], Iterator[Seen]]
See: TypeAlias = Callable[[Pixels], Features]
"""uint8 [H, W, 3] to float32 [F], on one core; called from many threads."""
_EMBEDDING = "embedding"


class Network(Protocol):
    """Tells pictures apart. To open it takes seconds, so that is done where there is to ask."""

    def knowing(
        self, files: Sequence[tuple[str, Path]], folder: Path, say: Callable[[str], None]
    ) -> "Network":
        """The network for these pictures: sha256 and place of each. What it had to find out is kept
        in `folder`, and said.
        """

    @property
    def name(self) -> str:
        """Of a file, and another one for each network."""

    @property
    def spec(self) -> InputSpec:
        """What it looks at."""

    def open(self) -> See:
        """Make it ready."""


class BundleNetwork:
    """A bundle's embedding, or its logits where it has none."""

    def __init__(self, bundle: Bundle) -> None:
        self._bundle = bundle

    def knowing(self, *_: object) -> "BundleNetwork":
        return self

    @property
    def name(self) -> str:
        return self._bundle.digest.removeprefix("sha256:")[:16]

    @property
    def spec(self) -> InputSpec:
        return self._bundle.manifest.input

    def open(self) -> See:
        reference = open_reference(self._bundle.model, threads=1)
        name = _EMBEDDING if _EMBEDDING in self._bundle.manifest.outputs.extra else LOGITS
        return lambda pixels: reference.named(pixels[None], (name,))[name].reshape(-1)


class _Kept(msgspec.Struct, tag_field="schema", tag="yardlight.seen/1"):
    seen: dict[str, bytes]
    """sha256 of a picture → float32 [F]."""


def network_features(
    network: Network,
    files: Sequence[tuple[str, Path]],
    folder: Path,
    threads: int,
    watch: Watch,
) -> Features:
    """What a network sees in readable pictures.

    Args:
        network: which.
        files: sha256 and place of each picture.
        folder: where what was seen is kept for the next run.
        threads: CPU threads; 0 takes every core.
        watch: shows how far it is.

    Returns:
        float32 [N, F].

    Raises:
        DataError: a picture has changed since its sha256 was taken.
        OSError: what was seen cannot be kept.
    """
    kept = folder / f"seen-{network.name}.msgpack"
    before: _Kept | None = read_sealed(kept, _Kept)
    known = {} if before is None else before.seen
    fresh = {digest: path for digest, path in files if digest not in known}
    asked = _ask(network, fresh, threads) if fresh else ()
    try:
        for digest, one in watch("asking the network", asked, len(fresh)):
            known[digest] = one.astype(np.float32).tobytes()
    finally:
        if fresh:
            write_sealed(kept, _Kept(known))
    seen = [np.frombuffer(known[digest], np.float32) for digest, _ in files]
    return np.array(seen, np.float32).reshape(len(files), -1)


def _ask(network: Network, files: Mapping[str, Path], threads: int) -> Iterator[Seen]:
    """Each thread decodes a picture and asks about it: no core waits for another one."""
    see = network.open()
    seen = ahead(lambda file: see(pixels_of(*file, network.spec)), files.items(), threads)
    yield from zip(files, seen, strict=True)


def pixels_of(digest: str, path: Path, spec: InputSpec) -> Pixels:
    """uint8 [H, W, 3] of a readable picture.

    Raises:
        DataError: it has another content than the one whose sha256 is given.
    """
    try:
        content = path.read_bytes()
        if hashlib.sha256(content).hexdigest() == digest:
            return frame_to_pixels(content, spec, PHOTO_LIMITS)
    except (OSError, BadFrame):
        pass
    raise DataError(f"{path} changed while it was looked at: run check again")
