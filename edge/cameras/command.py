"""`yardlight-edge cameras`: one source of frames, into Kafka or into a folder."""

import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Annotated

from cyclopts import ArgumentCollection, Group, Parameter, validators

from deploy.bundle.errors import BadFrame, Fatal
from deploy.bundle.header import read_header
from deploy.bundle.typed import AboveZero, Positive
from edge.acls import acls_of
from edge.cameras.folder import FolderSource, images_in
from edge.cameras.pace import Pace
from edge.cameras.picture import Picture, Source
from edge.cameras.publisher import FramePublisher, Sent
from edge.cameras.video import LiveSource, VideoFileSource
from edge.kafka.access import require_access
from edge.kafka.client import wait_for_broker
from edge.kafka.producer import RecordSink
from edge.kafka.topics import require_topics
from edge.observe.logs import configure_logs, get_logger
from edge.settings.kafka import KafkaSettings
from edge.settings.topics import TopicSettings
from edge.signals import stop_on_signals

_log = get_logger("cameras")


def _one_source(given: ArgumentCollection) -> None:
    names = [argument.name for argument in given if argument.has_tokens]
    if len(names) != 1:
        raise ValueError(
            "Name one source, --simulated, --folder, --video, --rtsp or --webcam: "
            f"{' and '.join(names) or 'none'} given."
        )


_SOURCE = Group("Source (exactly one)", validator=_one_source)
_DATA_SET_SIZE = 2000
_SUFFIXES = {"jpeg": ".jpg", "png": ".png", "webp": ".webp"}


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class CameraSettings:
    """Where frames come from, how fast, and where they go."""

    simulated: Annotated[Positive | None, Parameter(group=_SOURCE)] = None
    """This many simulated cameras, each with the truth in the header `yardlight_truth`."""

    folder: Annotated[Path | None, Parameter(group=_SOURCE)] = None
    """Every image below this folder, sent as it is."""

    video: Annotated[Path | None, Parameter(group=_SOURCE)] = None
    """The frames of this video file."""

    rtsp: Annotated[str | None, Parameter(group=_SOURCE)] = None
    """The frames of this RTSP stream; opened again when it breaks off."""

    webcam: Annotated[int | None, Parameter(group=_SOURCE, validator=validators.Number(gte=0))] = (
        None
    )
    """The frames of the webcam with this number."""

    camera: str | None = None
    """Camera id, the key of the records; named after the source if not given."""

    rate: AboveZero | None = None
    """Frames a second and camera; simulated cameras take 5, other sources come as fast as they
    can."""

    size: str = "640x480"
    """WIDTHxHEIGHT of simulated frames."""

    seed: Annotated[int, Parameter(validator=validators.Number(gte=0))] = 1
    """Another seed shows other scenes."""

    count: Positive | None = None
    """Stop after this many frames."""

    seconds: AboveZero | None = None
    """Stop after this many seconds."""

    loop: bool = False
    """Begin again at the end of a folder or video file."""

    to_folder: Path | None = None
    """Write the frames into this folder instead of Kafka; simulated ones as a labelled data set
    (train/LABEL, val/LABEL)."""

    create_topics: bool = False
    """Create topics that do not exist instead of waiting for them."""

    kafka: KafkaSettings = field(default_factory=KafkaSettings)
    topics: TopicSettings = field(default_factory=TopicSettings)


def cameras_command(*, settings: CameraSettings | None = None) -> None:
    """Put frames into Kafka or into a folder: simulated, images, a video file, RTSP, a webcam."""
    configure_logs("info", "auto")
    run_cameras(settings or CameraSettings(), stop_on_signals())


def run_cameras(settings: CameraSettings, stop: Event) -> None:
    """Send or write frames until the source ends or `stop` is set.

    Raises:
        Fatal: the source cannot be opened, or frames were refused.
    """
    # What is wrong with the source is said before a broker is waited for.
    source = source_of(settings, stop.wait)
    if settings.to_folder is not None:
        _write(settings, source, settings.to_folder, stop)
        return
    if not wait_for_broker(settings.kafka, stop.wait, _log.warning):
        return
    rights = acls_of("cameras", settings.topics, "")
    if not require_access(settings.kafka, rights, stop.wait, _log.warning):
        return
    if not require_topics(
        settings.kafka,
        settings.topics,
        [settings.topics.frames_topic],
        create=settings.create_topics,
        wait=stop.wait,
    ):
        return
    # A frame that the topic refuses must not stop those after it.
    sink = RecordSink(settings.kafka, "yardlight-cameras", idempotent=False)
    sink.open()
    try:
        publisher = FramePublisher(sink, settings.topics.frames_topic)
        began = time.monotonic()
        sent = publisher.publish(_paced(settings, source, stop))
        _say(sent, time.monotonic() - began, settings.topics.frames_topic)
    finally:
        sink.close()


def source_of(settings: CameraSettings, wait: Callable[[float], bool]) -> Source:
    """The one source that was asked for.

    Args:
        wait: sleeps up to that many seconds and returns whether to stop.
    """
    if settings.simulated is not None:
        from edge.cameras.simulation import SimulatedSource

        width, height = parse_size(settings.size)
        rate = settings.rate or 5.0
        return SimulatedSource(settings.simulated, rate, width, height, settings.seed)
    if settings.folder is not None:
        name = settings.camera or settings.folder.resolve().name
        return FolderSource(images_in(settings.folder), name, settings.loop)
    if settings.video is not None:
        if not settings.video.exists():
            raise Fatal(f"{settings.video} does not exist")
        name = settings.camera or settings.video.stem
        return VideoFileSource(str(settings.video), name, settings.loop)
    if settings.rtsp is not None:
        return LiveSource(settings.rtsp, settings.camera or "rtsp", wait)
    if settings.webcam is not None:
        return LiveSource(settings.webcam, settings.camera or f"webcam-{settings.webcam}", wait)
    raise AssertionError("the group of sources lets nothing else through")


def parse_size(text: str) -> tuple[int, int]:
    """`640x480` to width and height.

    Raises:
        Fatal: not written so, or not a size that a camera could have.
    """
    width, _, height = text.lower().partition("x")
    if not (width.isdigit() and height.isdigit()):
        raise Fatal(f"size {text!r} is not WIDTHxHEIGHT, such as 640x480")
    if not (64 <= int(width) <= 7680 and 64 <= int(height) <= 4320):  # noqa: PLR2004 - up to 8K
        raise Fatal(f"size {text} is out of range, expected 64x64 to 7680x4320")
    return int(width), int(height)


def _paced(settings: CameraSettings, source: Source, stop: Event) -> Iterator[Picture]:
    simulated = settings.simulated
    rate = (settings.rate or 5.0) * simulated if simulated else settings.rate
    pace = Pace(rate, settings.count, settings.seconds)
    return pace.paced(source.pictures(), stop.wait)


def _write(settings: CameraSettings, source: Source, folder: Path, stop: Event) -> None:
    written = 0
    for _ in _written(settings, source, folder, stop):
        written += 1
        if stop.is_set():
            break
    sys.stdout.write(f"{written} frames written to {folder}\n")


def _written(settings: CameraSettings, source: Source, folder: Path, stop: Event) -> Iterator[Path]:
    if settings.simulated is not None:
        from edge.cameras.simulation import SimulatedDataSet

        width, height = parse_size(settings.size)
        count = settings.count or _DATA_SET_SIZE
        yield from SimulatedDataSet(count, width, height, settings.seed).write(folder)
        return
    for number, picture in enumerate(_paced(settings, source, stop)):
        path = folder / picture.camera / f"{number:06d}{_suffix(picture.data)}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(picture.data)
        yield path


def _suffix(data: bytes) -> str:
    try:
        return _SUFFIXES[read_header(data).format]
    except BadFrame:
        return ".bin"


def _say(sent: Sent, seconds: float, topic: str) -> None:
    rate = sent.acknowledged / seconds if seconds > 0 else 0.0
    sys.stdout.write(f"{sent.acknowledged} frames to {topic}, {rate:.1f} a second\n")
    if sent.failed:
        raise Fatal(f"{sent.failed} frames were refused, the last one: {sent.last_error}")
