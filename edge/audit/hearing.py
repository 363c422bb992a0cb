"""Topics of outcomes read piece by piece, by several processes where there is much of them."""

import os
import signal
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from itertools import accumulate
from multiprocessing import active_children, get_context

from deploy.bundle.errors import Unavailable
from deploy.engines.device import core_count
from edge.audit.heard import Heard, Piece
from edge.audit.outcomes import parsers
from edge.bar import Watch, nobody
from edge.frame import Partition, Range
from edge.kafka.reader import TopicReader
from edge.observe.logs import configure_logs
from edge.process import end_with
from edge.settings.kafka import KafkaSettings
from edge.settings.topics import TopicSettings

_PIECE = 50_000
"""Offsets at most: seconds of work, and less than a megabyte to hand over."""
_WORTH = 4
"""Pieces from which on other processes are worth their start."""
_NICENESS = 10
"""A service beside the audit has the first claim to the cores."""


@dataclass(frozen=True, slots=True)
class Hearing:
    """Reads the outcomes of one group."""

    kafka: KafkaSettings
    topics: TopicSettings
    group: str
    piece: int = _PIECE
    """Offsets that a process reads at a time, at most."""
    processes: int = field(default_factory=core_count)

    def hear(
        self, reader: TopicReader, bounds: Mapping[Partition, Range], watch: Watch = nobody
    ) -> Iterator[Heard]:
        """What is told within these bounds, in the order of the topics and their offsets.

        `watch` is told how many offsets are behind, and of how many.

        Raises:
            Unavailable: the broker stopped answering, or a process that helped was killed.
        """
        pieces = list(pieces_of(bounds, self.piece))
        ends = list(accumulate(map(_size, pieces)))
        for heard, end in zip(self._hear_all(reader, pieces), ends, strict=True):
            yield heard
            watch(end, ends[-1])

    def _hear_all(self, reader: TopicReader, pieces: Sequence[Piece]) -> Iterator[Heard]:
        if self.processes == 1 or len(pieces) < _WORTH:
            yield from (self._heard(reader, piece) for piece in pieces)
            return
        others = active_children()
        pool = ProcessPoolExecutor(
            min(self.processes, len(pieces)), get_context("spawn"), _begin, (os.getpid(),)
        )
        try:
            yield from pool.map(self._hear_apart, pieces)
        except BrokenProcessPool:
            raise Unavailable("a process that read outcomes ended: too little memory?") from None
        except BaseException:
            # They only read: whoever leaves need not wait for what they are at.
            for process in active_children():
                if process not in others:
                    process.kill()
            raise
        finally:
            pool.shutdown(cancel_futures=True)

    def _hear_apart(self, piece: Piece) -> Heard:
        with TopicReader(self.kafka) as reader:
            return self._heard(reader, piece)

    def _heard(self, reader: TopicReader, piece: Piece) -> Heard:
        heard = Heard()
        parse = parsers(self.topics)[next(iter(piece)).topic]
        heard.listen(reader.read(piece), parse, self.group)
        return heard


def pieces_of(bounds: Mapping[Partition, Range], most: int) -> Iterator[Piece]:
    """The same offsets in pieces of one topic with at most so many, none of them empty."""
    piece: dict[Partition, Range] = {}
    room = most
    for at, held in bounds.items():
        if piece and next(iter(piece)).topic != at.topic:
            yield piece
            piece, room = {}, most
        start = held.start
        while start < held.end:
            end = min(held.end, start + room)
            piece[at] = Range(start, end)
            room -= end - start
            start = end
            if not room:
                yield piece
                piece, room = {}, most
    if piece:
        yield piece


def _size(piece: Piece) -> int:
    return sum(held.end - held.start for held in piece.values())


def _begin(parent: int) -> None:
    """Ctrl-C is for the parent, which ends this process in order."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    end_with(parent)
    os.nice(_NICENESS)
    configure_logs("error", "auto")
