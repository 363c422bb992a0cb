"""A child's end convicts its frame only if nobody outside can have caused it."""

import signal

import pytest

from deploy.bundle.errors import BadFrame, Unavailable
from edge.isolation.verdict import of_end, of_silence


@pytest.mark.parametrize("number", ["SIGSEGV", "SIGBUS", "SIGILL", "SIGFPE", "SIGABRT", "SIGSYS"])
def test_what_a_process_does_to_itself_convicts_the_frame(number: str) -> None:
    found = of_end(-signal.Signals[number], "decoding the frame")
    assert isinstance(found, BadFrame)
    assert found.reason == "crashed"
    assert number in str(found)


@pytest.mark.parametrize("number", ["SIGKILL", "SIGTERM", "SIGINT", "SIGHUP", "SIGUSR1"])
def test_what_others_do_to_a_process_convicts_nobody(number: str) -> None:
    found = of_end(-signal.Signals[number], "decoding the frame")
    assert isinstance(found, Unavailable)
    assert number in str(found)


def test_a_signal_without_a_name_convicts_nobody() -> None:
    assert isinstance(of_end(-50, "decoding the frame"), Unavailable)


@pytest.mark.parametrize("status", [0, 1, 255])
def test_a_decoder_that_ends_its_process_convicts_the_frame(status: int) -> None:
    found = of_end(status, "decoding the frame")
    assert isinstance(found, BadFrame)
    assert (found.reason, str(status) in str(found)) == ("crashed", True)


def test_a_child_that_talks_nonsense_was_taken_over_by_its_frame() -> None:
    found = of_end(None, "decoding the frame")
    assert isinstance(found, BadFrame)
    assert found.reason == "crashed"


def test_a_decoder_that_never_comes_back_convicts_the_frame() -> None:
    found = of_silence(30, "decoding the frame")
    assert (found.reason, "30 s" in str(found)) == ("hung", True)
