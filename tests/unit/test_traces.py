"""Traces where OpenTelemetry is not installed, and where nobody asked for them."""

import sys
import time

import pytest

from deploy.bundle.errors import MissingDriver
from edge.observe.traces import Traces
from edge.spans import SpanWriter
from tests.unit.outcomes import classified

WRITER = SpanWriter("yard", "classifications", "frames.dead-letters", "frames.skipped")


def traces(endpoint: str | None) -> Traces:
    return Traces(endpoint, 1.0, WRITER, time.monotonic, time.time)


def test_what_is_missing_is_named_with_the_extra_that_brings_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    with (
        pytest.raises(MissingDriver, match=r"pip install 'yardlight\[otel\]'"),
        traces("http://127.0.0.1:4318/v1/traces"),
    ):
        pass


def test_unless_asked_for_nothing_is_needed_and_nothing_done(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    with traces(None) as silent:
        silent.note(classified())
