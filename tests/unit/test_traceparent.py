"""Trace contexts as W3C writes them, and what is none."""

import pytest

from edge.traceparent import trace_id

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = "00f067aa0ba902b7"


@pytest.mark.parametrize(
    "written", [f"00-{TRACE}-{PARENT}-01", f"00-{TRACE}-{PARENT}-00", f"01-{TRACE}-{PARENT}-01-new"]
)
def test_the_trace_is_found(written: str) -> None:
    assert trace_id(written) == TRACE


@pytest.mark.parametrize(
    "written",
    [
        None,
        "",
        "yes",
        f"00-{TRACE}-{PARENT}",
        f"00-{TRACE.upper()}-{PARENT}-01",
        f"00-{'0' * 32}-{PARENT}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"ff-{TRACE}-{PARENT}-01",
        f"00-{TRACE}-{PARENT}-01more",
        f"00-{TRACE}-{PARENT}-01\n",
        "x" * 1_000_000,
    ],
)
def test_what_is_not_well_formed_is_no_trace(written: str | None) -> None:
    assert trace_id(written) is None
