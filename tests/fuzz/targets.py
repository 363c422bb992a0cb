"""What is fuzzed: everything that reads bytes which a camera, or anybody else, has sent."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from random import Random
from typing import TypeAlias

from deploy.bundle.errors import BadFrame
from deploy.bundle.limits import Limits
from deploy.bundle.manifest import InputSpec
from deploy.bundle.pixels import frame_to_pixels
from edge.audit.outcomes import DAMAGED, parsers
from edge.dead_letters.letter import NotALetter, read_letter
from edge.frame import Headers, Partition
from edge.outcome import DeadLettered
from edge.pipeline.arrival import frame_of
from edge.pipeline.messages import MessageWriter
from edge.record import Record
from edge.rollout.following import desired_of
from edge.rollout.waiting import status_of
from edge.rollout.words import write
from edge.settings.topics import TopicSettings
from edge.traceparent import trace_id
from tests import encoded
from tests.clock import Clock
from tests.fuzz.mutate import mutated
from tests.unit.outcomes import aged_out, classified, dead_lettered, skipped, some_writer
from tests.unit.rolling_out import desired, status

Target: TypeAlias = Callable[[Random], None]
_WALL = 1_700_000_000.0
_AT = Partition("frames", 3)
_TOPICS = TopicSettings()
_WRITER = MessageWriter("yard", _TOPICS, some_writer(), Clock(), lambda: _WALL)

_PICTURE = encoded.smooth(96, 128)
_IMAGES = (
    encoded.jpeg(_PICTURE),
    encoded.jpeg(_PICTURE, progressive=True),
    encoded.jpeg(_PICTURE[..., 0]),
    encoded.jpeg_with_exif(encoded.jpeg(_PICTURE), 6),
    encoded.CMYK,
    encoded.encoded(".png", _PICTURE),
    encoded.webp(_PICTURE),
    encoded.webp(_PICTURE, quality=101),
)
_SPECS = tuple(InputSpec(32, 32, resize=how) for how in ("squash", "center-crop", "letterbox"))
_HEADERS: Headers = (
    ("ce_specversion", b"1.0"),
    ("ce_id", b"frame-1"),
    ("ce_source", b"gate-3"),
    ("ce_time", b"2026-11-23T08:00:00.120000+01:00"),
    ("traceparent", b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
    ("yardlight_hops", b"3"),
    ("yardlight_replay_of", b"yard/frames/3/17"),
)
_OUTCOMES = tuple(
    _WRITER.write(outcome)
    for outcome in (classified(), skipped(), dead_lettered(), aged_out(7, 12))
)
_ROLLOUTS = (
    (b"yard", write(desired(3))),
    (b"yard/one", write(status("one", "rolled-back"))),
)


def decode(random: Random) -> None:
    """An image: pixels of the right shape, or a reason why not."""
    spec = random.choice(_SPECS)
    with suppress(BadFrame):
        pixels = frame_to_pixels(mutated(random.choice(_IMAGES), random), spec, Limits())
        assert pixels.shape == (spec.height, spec.width, 3)


def frame(random: Random) -> None:
    """A frame's key and headers: it can be dead-lettered, and its letter can be read."""
    key = random.choice((None, mutated(b"gate-3", random)))
    record = _record(key, b"picture", _mutated_headers(_HEADERS, random), random)
    made, _ = frame_of(record, polled=100.0, now=_WALL)
    trace_id(made.traceparent)
    message = _WRITER.write(DeadLettered(made, "truncated", "half of it"))
    letter = read_letter(_record(message.key, message.value, tuple(message.headers), random))
    assert (letter.frame, letter.frame_offset) == (record.partition, record.offset)


def outcome(random: Random) -> None:
    """A record of an outcome topic: what it says, or that it is damaged."""
    message = random.choice(_OUTCOMES)
    headers = _mutated_headers(tuple(message.headers), random)
    value = mutated(message.value or b"", random)
    record = _record(message.key, value, headers, random)
    for parse in parsers(_TOPICS).values():
        with suppress(*DAMAGED):
            for _ in parse(record):
                pass
    with suppress(NotALetter):
        read_letter(record)


def wish(random: Random) -> None:
    """A record of roll-outs: what is wanted, or how far a node is, or that it is none."""
    key, value = random.choice(_ROLLOUTS)
    record = _record(key, mutated(value, random), (), random)
    desired_of(record, "yard")
    status_of(record, "yard")


TARGETS: Mapping[str, Target] = {"decode": decode, "frame": frame, "outcome": outcome, "wish": wish}


def _record(key: bytes | None, value: bytes | None, headers: Headers, random: Random) -> Record:
    timestamp = random.choice((_WALL, -0.001, 0.0, 1e15, random.uniform(-1e20, 1e20)))
    return Record(_AT, random.getrandbits(63), timestamp, key, value, headers)


def _mutated_headers(headers: Headers, random: Random) -> Headers:
    """Some changed, some left out, some twice, in any order."""
    kept = [
        (name, mutated(value, random) if random.random() < 0.5 else value)
        for name, value in random.choices(headers, k=random.randrange(2 * len(headers)))
    ]
    return tuple(kept)
