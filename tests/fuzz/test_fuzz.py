"""A short run of `make fuzz`: nothing that is sent ends, holds up or fills the service."""

import pytest

from tests.fuzz.run import Broken, fuzz
from tests.fuzz.targets import TARGETS

_COUNT = 700
_SECONDS = 1.0
_BYTES = 1 << 30


@pytest.mark.slow
@pytest.mark.parametrize("name", TARGETS)
def test_mutated_input_is_taken_or_refused_at_once_and_in_bounded_memory(name: str) -> None:
    found = fuzz(name, seed=1, count=_COUNT)
    assert found.slowest < _SECONDS
    assert found.peak < _BYTES


def test_what_breaks_is_named_with_the_words_that_show_it_again() -> None:
    with pytest.raises(Broken, match=r"KeyError.*python -m tests\.fuzz\.child nothing 1 0 1"):
        fuzz("nothing", seed=1, count=1)
