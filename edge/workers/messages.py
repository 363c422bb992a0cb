"""What the supervisor and its workers tell each other, over a socket that has no name.

The supervisor speaks once: orders. A worker reports again and again. When either is gone, the other
hears the end of the stream.
"""

from pathlib import Path
from typing import Any

import msgspec

from edge.observe.samples import Sample
from edge.settings.run import RunSettings

LONGEST = 64 << 20
"""Bytes of a message; a page of a thousand cameras takes one of a quarter of a million."""


class Orders(msgspec.Struct, frozen=True):
    """What a worker is for."""

    settings: RunSettings
    number: int
    """From 1."""
    workers: int


class Report(msgspec.Struct, frozen=True):
    """How a worker is."""

    started: bool = False
    ready: bool = False
    phase: str = "starting"
    stuck: str = ""
    """Which threads gave no sign of life, in a sentence; empty while all do."""
    failure: str = ""
    """Why it ends, in its last report; empty otherwise."""
    samples: tuple[Sample, ...] = ()


def write(message: Orders | Report) -> bytes:
    return msgspec.msgpack.encode(message, enc_hook=_path_to_text)


def read_orders(data: bytes) -> Orders:
    return msgspec.msgpack.decode(data, type=Orders, dec_hook=_text_to_path)


def read_report(data: bytes) -> Report:
    """Raises:
    msgspec.MsgspecError: it is none.
    """
    return msgspec.msgpack.decode(data, type=Report)


def _path_to_text(value: Any) -> str:
    if isinstance(value, Path):
        return str(value)
    raise NotImplementedError(f"no message holds a {type(value).__name__}")


def _text_to_path(kind: type, value: Any) -> Any:
    return kind(value)
