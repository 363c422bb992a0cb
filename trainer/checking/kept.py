"""What a run keeps for the next one: sealed, so that nothing else is ever taken for it.

The seal is a hash over the content and over the libraries that made it. A file that is damaged, cut
short, of another version or of another program counts as none, and what it held is made again.
"""

import hashlib
from collections.abc import Callable
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Generic, TypeAlias, TypeVar

import cv2
import msgspec
import numpy as np
from numpy.typing import NDArray

from deploy.bundle.whole import write_whole

T = TypeVar("T")
Ingredient: TypeAlias = NDArray[Any] | bytes
_SEAL = 32
_MAKERS = (
    *("yardlight", "numpy", "simplejpeg", "pillow", "cleanvision", "cleanlab"),
    *("scikit-learn", "scipy", "onnxruntime", "torch", "timm"),
)
"""Distributions on whose version depends what is kept; OpenCV's has several names."""


class _Answer(msgspec.Struct, Generic[T], tag_field="schema", tag="yardlight.answer/1"):
    asked: bytes
    value: T


def read_sealed(path: Path, kind: Any) -> Any:
    """What `write_sealed` put there, as a type of msgspec's; None where there is no such thing."""
    try:
        data = path.read_bytes()
        if _seal_of(data[_SEAL:]) != data[:_SEAL]:
            return None
        return msgspec.msgpack.decode(data[_SEAL:], type=kind)
    except (OSError, msgspec.MsgspecError, ValueError):
        return None


def write_sealed(path: Path, content: Any) -> None:
    """Keep it, whole or not at all, for the owner only.

    Raises:
        OSError: the disk is full, or the folder may not be written.
    """
    data = msgspec.msgpack.encode(content)
    write_whole(path, _seal_of(data) + data, 0o600)


def recall(path: Path, asked: bytes, kind: Any, make: Callable[[], T]) -> T:
    """The answer to what was asked: the one that is kept, or a new one, which is kept then.

    Args:
        path: file of the newest answer.
        asked: `key_of` everything that the answer depends on.
        kind: type of the answer, for msgspec.
        make: gives the answer.

    Raises:
        OSError: a new answer cannot be kept.
    """
    known: _Answer[T] | None = read_sealed(path, _Answer[kind])
    if known is not None and known.asked == asked:
        return known.value
    value = make()
    write_sealed(path, _Answer(asked, value))
    return value


def key_of(*ingredients: Ingredient) -> bytes:
    """A hash that is another one wherever an ingredient has other values, another shape or type."""
    found = hashlib.blake2b(digest_size=_SEAL)
    for one in ingredients:
        content = one if isinstance(one, bytes) else np.ascontiguousarray(one).tobytes()
        shape = "" if isinstance(one, bytes) else f"{one.dtype}{one.shape}"
        found.update(f"{shape}:{len(content)}:".encode())
        found.update(content)
    return found.digest()


def _seal_of(content: bytes) -> bytes:
    return hashlib.blake2b(content, digest_size=_SEAL, key=_maker()).digest()


@cache
def _maker() -> bytes:
    """Names the libraries that are at work here."""
    versions = [cv2.__version__, *map(_version, _MAKERS)]
    return hashlib.sha256(" ".join(versions).encode()).digest()


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "none"
