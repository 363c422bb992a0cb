"""What a thread of its own reads, so that whoever waits for it can leave at any moment."""

from collections.abc import Callable, Iterator
from queue import Empty, Full, Queue
from threading import Event, Thread
from typing import TypeAlias

_LOOK_SECONDS = 0.2
_PIECES_AHEAD = 4

_Handed: TypeAlias = bytes | Exception | None
"""A piece, or how it ended: None is the end."""


def read_aside(pieces: Iterator[bytes], look: Callable[[], None]) -> Iterator[bytes]:
    """The same pieces; what reading them raises is raised here.

    A driver that waits for a server, or for a share that is away, looks at nothing else, as long as
    it likes. One that is left behind ends by itself at its next piece.

    Args:
        look: is called several times a second while none comes; raises to leave.
    """
    ready: Queue[_Handed] = Queue(_PIECES_AHEAD)
    left = Event()
    Thread(target=_read, args=(pieces, ready, left), name="fetching", daemon=True).start()
    try:
        while True:
            try:
                found = ready.get(timeout=_LOOK_SECONDS)
            except Empty:
                look()
                continue
            if found is None:
                return
            if isinstance(found, Exception):
                raise found
            yield found
    finally:
        left.set()


def _read(pieces: Iterator[bytes], ready: "Queue[_Handed]", left: Event) -> None:
    try:
        for piece in pieces:
            _hand_over(piece, ready, left)
            if left.is_set():
                return
    except Exception as error:  # noqa: BLE001 - whoever waits is to have it
        _hand_over(error, ready, left)
    else:
        _hand_over(None, ready, left)


def _hand_over(it: _Handed, ready: "Queue[_Handed]", left: Event) -> None:
    while not left.is_set():
        try:
            ready.put(it, timeout=_LOOK_SECONDS)
        except Full:
            continue
        return
