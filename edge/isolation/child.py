"""The child: decodes a frame and runs the engine on it as the service would, and answers.

It is told what to do on its stdin and answers on its stdout; frames, pixels and scores lie in
memory that it shares with the service. It ends when its stdin does.
"""

import mmap
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import cv2
import msgspec
import numpy as np

from deploy.bundle.errors import BadFrame, Fatal, Unavailable
from deploy.bundle.manifest import open_bundle
from deploy.bundle.pixels import frame_to_pixels
from deploy.engines.protocol import Session
from edge.isolation.orders import (
    DECODE,
    LENGTH,
    LONGEST_ANSWER,
    REQUEST,
    RUN,
    Answer,
    Desk,
    EngineOrder,
    Orders,
    Reason,
    desk_bytes,
    lay_out,
)
from edge.isolation.sandbox import confine, end_with

_STDIN, _STDOUT = 0, 1
_ROOM = 1 << 30
_ROOM_A_PIXEL = 16
"""Bytes: what decoders of pictures without a scale hold at most, with copies, upright and not."""
_LONGEST_TEXT = LONGEST_ANSWER // 16


@dataclass(frozen=True, slots=True)
class Child:
    """One frame at a time."""

    orders: Orders
    desk: Desk
    session: Session | None

    def answer(self, what: int, size: int) -> Answer:
        """Do what is asked, and say how it went."""
        try:
            self._do(what, size)
        except BadFrame as error:
            return Answer("bad-frame", _short(error), cast(Reason, error.reason))
        except MemoryError:
            return Answer("bad-frame", "it needs more memory than a frame may", "crashed")
        except Unavailable as error:
            return Answer("unavailable", _short(error))
        except Fatal as error:
            return Answer("fatal", _short(error))
        except Exception as error:  # noqa: BLE001 - whatever a frame can provoke in a driver
            return Answer("failed", _short(f"{type(error).__name__}: {error}"))
        return Answer("done")

    def _do(self, what: int, size: int) -> None:
        if what == DECODE:
            self._decode(size)
        elif what == RUN:
            self._run()
        else:
            raise Fatal(f"a child of the service knows no request {what}")

    def _decode(self, size: int) -> None:
        data = bytes(self.desk.frame[:size])
        self.desk.pixels[0] = frame_to_pixels(data, self.orders.input, self.orders.limits)

    def _run(self) -> None:
        if self.session is None:
            raise Fatal("this child was given no engine")
        self.desk.scores[:] = self.session.run(self.desk.pixels.copy())


def main() -> None:
    orders = msgspec.json.decode(sys.argv[1], type=Orders)
    end_with(orders.parent)
    cv2.setNumThreads(1)
    memory = mmap.mmap(orders.memory, desk_bytes(orders.input, orders.limits, orders.labels))
    os.close(orders.memory)
    desk = lay_out(memory, orders.input, orders.limits, orders.labels)
    session = None if orders.engine is None else _warm(orders.engine)
    child = Child(orders, desk, session)
    confine(_ROOM + _ROOM_A_PIXEL * orders.limits.max_pixels, threads=session is not None)
    _say(Answer("ready"))
    while len(request := os.read(_STDIN, REQUEST.size)) == REQUEST.size:
        _say(child.answer(*REQUEST.unpack(request)))


def _warm(order: EngineOrder) -> Session:
    """A session that has run once: whatever it loads late is loaded before the doors are shut."""
    from deploy.engines import catalogue

    bundle = open_bundle(Path(order.bundle))
    session = catalogue.load(bundle, Path(order.folder), order.kind, order.precision).session()
    spec = bundle.manifest.input
    session.run(np.zeros((1, spec.height, spec.width, 3), np.uint8))
    return session


def _say(answer: Answer) -> None:
    words = msgspec.json.encode(answer)
    os.write(_STDOUT, LENGTH.pack(len(words)) + words)


def _short(text: object) -> str:
    return str(text)[:_LONGEST_TEXT]
