"""What a network sees in each picture: its embedding, or its scores where it has none."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import TypeAlias
from zipfile import BadZipFile

import numpy as np

from deploy.bundle.manifest import Bundle
from deploy.bundle.pixels import Pixels, frame_to_pixels
from deploy.bundle.reference import LOGITS, open_reference
from deploy.bundle.whole import write_whole
from trainer.checking.plain import Features
from trainer.data.pictures import PHOTO_LIMITS

Watch: TypeAlias = Callable[[str, Iterable[Features], int], Iterator[Features]]
_EMBEDDING = "embedding"


def network_features(
    bundle: Bundle,
    files: Sequence[tuple[str, Path]],
    folder: Path,
    threads: int,
    watch: Watch,
) -> Features:
    """What a bundle sees in readable pictures.

    Args:
        files: sha256 and place of each picture.
        folder: where what was seen is kept for the next run.

    Returns:
        float32 [N, F].
    """
    kept = folder / f"seen-{bundle.digest.removeprefix('sha256:')[:16]}.npz"
    known = _read(kept)
    fresh = {digest: path for digest, path in files if digest not in known}
    seen = _run(bundle, list(fresh.values()), threads)
    try:
        for digest, one in zip(fresh, watch("asking the network", seen, len(fresh)), strict=True):
            known[digest] = one
    finally:
        if fresh:
            _write(kept, known)
    return np.array([known[digest] for digest, _ in files], np.float32)


def _run(bundle: Bundle, files: Sequence[Path], threads: int) -> Iterator[Features]:
    """One picture at a time: a batch is no quicker on a CPU."""
    reference = open_reference(bundle.model, threads=threads)
    name = _EMBEDDING if _EMBEDDING in bundle.manifest.outputs.extra else LOGITS
    for path in files:
        pixels: Pixels = frame_to_pixels(path.read_bytes(), bundle.manifest.input, PHOTO_LIMITS)
        yield reference.named(pixels[None], (name,))[name].reshape(-1)


def _read(kept: Path) -> dict[str, Features]:
    try:
        with np.load(BytesIO(kept.read_bytes()), allow_pickle=False) as file:
            return dict(zip(file["digests"].tolist(), file["seen"], strict=True))
    except (OSError, ValueError, KeyError, EOFError, BadZipFile):
        return {}


def _write(kept: Path, known: Mapping[str, Features]) -> None:
    content = BytesIO()
    np.savez(content, digests=np.array(list(known)), seen=np.array(list(known.values())))
    write_whole(kept, content.getvalue(), 0o600)
