"""A capture from beginning to end."""

import time
from collections.abc import Callable, Generator, Iterable
from contextlib import closing
from dataclasses import dataclass
from threading import Event

import msgspec

from deploy.bundle.annotation import Annotation, Said
from deploy.bundle.errors import BadFrame
from deploy.bundle.header import read_header
from deploy.bundle.limits import Limits
from deploy.bundle.manifest import InputSpec
from deploy.bundle.pixels import frame_to_pixels
from edge.capture.choice import Novelty, Sample, is_uncertain
from edge.capture.joining import Joining, Pair
from edge.capture.settings import CaptureSettings
from edge.capture.vault import Vault
from edge.cloudevents import format_time, read_origin
from edge.record import Record
from edge.wire import Classification, read_classification

_SUFFIXES = {"jpeg": ".jpg", "png": ".png", "webp": ".webp"}
_LOOK = InputSpec(64, 64)
_DAY = 86_400.0


@dataclass(slots=True)
class Counts:
    kept: int = 0
    repeated: int = 0
    """Like the last one kept of their camera, or kept before."""
    not_asked_for: int = 0
    unreadable: int = 0
    deleted: int = 0
    """To keep to the quota and the age."""


@dataclass(slots=True)
class Capture:
    """Keeps what it is given; `counts` says what became of it."""

    settings: CaptureSettings
    vault: Vault
    counts: Counts
    _sample: Sample
    _novelty: Novelty

    @classmethod
    def of(cls, settings: CaptureSettings) -> "Capture":
        vault = Vault(settings.to, settings.quota_mb * 1_000_000, settings.keep_days * _DAY)
        return cls(settings, vault, Counts(), Sample(settings.sample), Novelty(settings.unlike))

    def run(
        self,
        records: Iterable[Record | None],
        stop: Event,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        """Keep frames until enough are kept, the time is over, or `stop` is set.

        Args:
            records: of both topics, and None whenever nothing comes.
        """
        began, limit = clock(), self.settings.seconds
        self.counts.deleted += self.vault.tidy(wall())
        with closing(self._pairs(records, clock)) as pairs:
            for pair in pairs:
                if pair is not None and self._keep(pair, wall()):
                    self.counts.kept += 1
                    self.counts.deleted += self.vault.tidy(wall())
                over = limit is not None and clock() - began >= limit
                if stop.is_set() or over or self.counts.kept == self.settings.count:
                    return

    def _pairs(
        self, records: Iterable[Record | None], clock: Callable[[], float]
    ) -> Generator[Pair | None, None, None]:
        joining, frames = Joining(self.settings.wait), self.settings.topics.frames_topic
        for record in records:
            if record is None:
                yield None
            elif record.partition.topic == frames:
                yield from joining.frame(record, clock())
            elif (said := _said(record, frames)) is not None:
                yield from joining.classification(said)
            yield from joining.overdue(clock())

    def _keep(self, pair: Pair, now: float) -> bool:
        settings, record = self.settings, pair.record
        if settings.uncertain and not is_uncertain(pair.said, settings.margin):
            self.counts.not_asked_for += 1
            return False
        data = record.value or b""
        try:
            suffix = _SUFFIXES[read_header(data).format]
            pixels = frame_to_pixels(data, _LOOK, Limits())
        except BadFrame:
            self.counts.unreadable += 1
            return False
        origin = read_origin(
            record.partition,
            record.offset,
            record.key,
            record.headers,
            recorded_at=record.timestamp,
            now=now,
        )
        place = (record.partition.number, record.offset)
        named = (origin.camera, origin.captured_at, place, suffix)
        if self.vault.holds(*named) or not self._novelty.shows_something_new(origin.camera, pixels):
            self.counts.repeated += 1
            return False
        if not self._sample.takes():
            self.counts.not_asked_for += 1
            return False
        at = format_time(origin.captured_at)
        self.vault.keep(*named, data, _annotation(record, pair.said, origin.camera, at))
        return True


def _said(record: Record, frames: str) -> Classification | None:
    try:
        said = read_classification(record.value or b"")
    except msgspec.MsgspecError:
        return None
    return said if said.frame.topic == frames else None


def _annotation(record: Record, said: Classification | None, camera: str, at: str) -> Annotation:
    source = f"{record.partition}/{record.offset}"
    if said is None:
        return Annotation((), source=source, camera=camera, taken_at=at)
    model = said.model.digest
    return Annotation(
        (said.label,),
        "service",
        source,
        camera=camera,
        taken_at=at,
        said=Said(said.label, said.confidence, said.scores, model),
    )
