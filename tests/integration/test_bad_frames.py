"""Every kind of strange record gets the outcome it should, and no other frame is affected."""

import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import get_args

import cv2
import numpy as np
import pytest

from edge.audit.report import CLEAN
from edge.kafka.topics import LARGEST_FRAME_RECORD
from edge.settings.delivery import Delivery, DeliverySettings
from tests import encoded
from tests.integration.running import serving
from tests.integration.world import Sent, World, pictures
from tests.models import COLOURS, solid_jpeg, solid_pixels

pytestmark = pytest.mark.slow

PARCEL = solid_jpeg("parcel")
LIMIT = 4 << 20


def huge_grey_jpeg() -> bytes:
    """12,000 x 9,000 pixels in a few hundred kilobytes: a decompression bomb."""
    return encoded.encoded(".jpg", np.zeros((9000, 12000), np.uint8), [cv2.IMWRITE_JPEG_QUALITY, 1])


def dead_letters() -> Mapping[str, tuple[bytes | None, str]]:
    """Name → what is sent, and the reason it is dead-lettered for."""
    photo = encoded.jpeg(encoded.noise(120, 160))
    return {
        "null": (None, "null"),
        "empty": (b"", "empty"),
        "text": (b"Good morning. This is not a picture.", "not-an-image"),
        "truncated JPEG": (photo[: len(photo) // 2], "truncated"),
        "JPEG header only": (photo[:20], "truncated"),
        "truncated PNG": (encoded.png_of(encoded.noise(9, 9))[:-30], "truncated"),
        "12,000 x 9,000": (huge_grey_jpeg(), "too-many-pixels"),
        "5 MB": (photo + bytes(5 << 20), "too-many-bytes"),
    }


def odd_but_good() -> Mapping[str, tuple[bytes, str]]:
    """Name → what is sent, and its label."""
    blue = solid_pixels("parcel", 40, 30)
    alpha = np.dstack([blue, np.full(blue.shape[:2], 7, np.uint8)])
    deep = (blue.astype(np.uint16) << 8) | 0x55
    upright_red = np.vstack([solid_pixels("vehicle", 32, 48), solid_pixels("background", 32, 16)])
    return {
        "PNG with alpha": (encoded.png((40, 30), 8, 6, _rows(alpha)), "parcel"),
        "16-bit PNG": (encoded.png((40, 30), 16, 2, _rows(deep.astype(">u2"))), "parcel"),
        "grey JPEG": (encoded.jpeg(np.full((30, 40), 128, np.uint8)), "background"),
        "CMYK JPEG": (encoded.CMYK, "background"),
        "1 x 1": (encoded.png_of(np.array([[COLOURS["parcel"]]], np.uint8)), "parcel"),
        "EXIF rotation": (encoded.jpeg_with_exif(encoded.jpeg(upright_red), 6), "vehicle"),
        "padded JPEG": (PARCEL + bytes(1000), "parcel"),
        "WebP": (encoded.webp(blue), "parcel"),
        "progressive JPEG": (encoded.jpeg(blue, progressive=True), "parcel"),
    }


def _rows(picture: "np.ndarray[tuple[int, ...], np.dtype[np.generic]]") -> bytes:
    return b"".join(b"\0" + row.tobytes() for row in picture)


def test_each_bad_frame_ends_as_a_dead_letter_with_its_bytes_and_no_other_is_affected(
    world: World,
) -> None:
    bad = dead_letters()
    mixed: list[Sent] = []
    for number, (name, (value, _)) in enumerate(bad.items()):
        headers = (("ce_id", name.encode()), ("twice", b"1"), ("twice", b"2"))
        mixed += [Sent(value, b"gate-9", headers), replace(pictures(16)[number], partition=None)]
    places = world.send(mixed)
    with serving(world.settings) as service:
        letters = world.dead_letters(len(bad))
        results = world.results(len(bad))
        for _, reason in bad.values():
            assert service.metrics.dead_letters.labels(reason)._value.get() >= 1
    assert len(letters) == len(results) == len(bad)
    by_name = {dict(letter.headers[:1])["ce_id"].decode(): letter for letter in letters}
    for number, (name, (value, reason)) in enumerate(bad.items()):
        letter = by_name[name]
        ours = dict(letter.headers)
        assert (letter.key, letter.value) == (b"gate-9", value), name
        assert letter.headers[:3] == list(mixed[2 * number].headers), name
        assert ours["yardlight_reason"].decode() == reason, name
        assert ours["yardlight_error"], name
        assert ours["yardlight_topic"].decode() == world.topics.frames_topic
        assert int(ours["yardlight_partition"]) == places[2 * number].partition
        assert int(ours["yardlight_offset"]) == places[2 * number].offset
    truth = {f"frame-{number}": pictures(16)[number].truth for number in range(len(bad))}
    assert {seen.frame.id: seen.label for seen in results} == truth
    assert world.audit().status("exactly-once") == CLEAN


def test_odd_but_readable_pictures_are_classified(embedded_world: World) -> None:
    odd = odd_but_good()
    embedded_world.send(
        Sent(value, headers=(("ce_id", name.encode()),)) for name, (value, _) in odd.items()
    )
    with serving(embedded_world.settings):
        results = embedded_world.results(len(odd))
    assert {seen.frame.id: seen.label for seen in results} == {
        name: label for name, (_, label) in odd.items()
    }


def test_a_bare_record_is_fine(embedded_world: World) -> None:
    (place,) = embedded_world.send([Sent(PARCEL, key=None, timestamp=1_700_000_000_250)])
    with serving(embedded_world.settings):
        (seen,) = embedded_world.results(1)
    where = f"{embedded_world.topics.frames_topic}/{place.partition}/{place.offset}"
    assert (seen.camera, seen.label, seen.frame.id) == ("unknown", "parcel", where)
    assert seen.frame.captured_at == "2023-11-14T22:13:20.250000Z"


def test_without_a_key_the_camera_is_the_source(embedded_world: World) -> None:
    embedded_world.send([Sent(PARCEL, key=None, headers=(("ce_source", b"/yard/gate-7"),))])
    with serving(embedded_world.settings):
        (record,) = embedded_world.read(embedded_world.topics.results_topic, 1)
    assert record.key == b"/yard/gate-7"


def test_a_capture_time_that_cannot_be_believed_is_replaced_and_counted(
    embedded_world: World,
) -> None:
    tomorrow = (datetime.now(timezone.utc) + timedelta(days=1)).isoformat()
    now = int(time.time() * 1000)
    times = {"malformed": "yesterday at noon", "not UTF-8": "\udcff", "future": tomorrow}
    embedded_world.send(
        Sent(
            PARCEL,
            timestamp=now,
            headers=(
                ("ce_id", name.encode()),
                ("ce_time", said.encode("utf-8", "surrogateescape")),
            ),
        )
        for name, said in times.items()
    )
    with serving(embedded_world.settings) as service:
        results = embedded_world.results(len(times))
        faults = service.metrics.capture_time_faults
        assert faults.labels("malformed")._value.get() == 2
        assert faults.labels("future")._value.get() == 1
    for seen in results:
        captured = datetime.fromisoformat(seen.frame.captured_at.replace("Z", "+00:00"))
        assert int(captured.timestamp() * 1000) == now, seen.frame.id


def test_limits_are_settings_and_exact(embedded_world: World) -> None:
    limits = replace(
        embedded_world.settings.limits, max_frame_bytes=len(PARCEL), max_frame_pixels=64 * 48
    )
    over = solid_jpeg("parcel", 64, 49)
    embedded_world.send([Sent(PARCEL), Sent(PARCEL + b"\0"), Sent(over[: len(PARCEL)])])
    assert len(over) <= len(PARCEL) + 100
    with serving(replace(embedded_world.settings, limits=limits)):
        assert [seen.frame.offset for seen in embedded_world.results(1)] == [0]
        letters = embedded_world.dead_letters(2)
    reasons = {dict(letter.headers)["yardlight_reason"] for letter in letters}
    assert reasons <= {b"too-many-bytes", b"too-many-pixels", b"truncated"}


def test_nothing_of_a_frame_is_logged(
    embedded_world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    embedded_world.send([Sent(b"SECRET-" * 20), Sent(PARCEL)])
    with serving(embedded_world.settings):
        embedded_world.dead_letters(1)
        embedded_world.results(1)
    said = capsys.readouterr()
    assert "SECRET" not in said.out + said.err


@pytest.mark.parametrize("delivery", get_args(Delivery))
def test_a_frame_whose_headers_fill_a_record_is_dead_lettered_without_them(
    apache_world: World, delivery: Delivery
) -> None:
    filling = (("x", b"a" * (LARGEST_FRAME_RECORD - 200)),)
    apache_world.send([Sent(b"x", headers=filling), Sent(PARCEL)])
    settings = replace(
        apache_world.settings, delivery=DeliverySettings(delivery=delivery, member="one")
    )
    with serving(settings):
        (letter,) = apache_world.dead_letters(1)
        assert len(apache_world.results(1)) == 1
    headers = dict(letter.headers)
    assert headers["yardlight_reason"] == b"not-an-image"
    assert b"the bytes stayed at" in headers["yardlight_error"]
    assert "x" not in headers
    assert apache_world.audit().status(delivery) == CLEAN
