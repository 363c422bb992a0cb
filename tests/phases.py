"""A service that starts, as whoever asks it about its readiness sees it."""

import time
import urllib.error
import urllib.request
from collections.abc import Callable

_PATIENCE, _PAUSE = 300.0, 0.01
LOADING = "loading Python and libraries"
"""What it does before it answers on its port."""
JOINING = "joining the consumer group"


def phases_until_ready(port: int, ended: Callable[[], object], begun: float) -> dict[str, float]:
    """Seconds of each phase that it named, in their order, until it said that it is ready.

    Args:
        ended: what says, by anything but None, that the process has ended.
        begun: `time.monotonic()` before it was started.

    Raises:
        AssertionError: it ended before, or took minutes.
    """
    phases: dict[str, float] = {}
    phase, since = LOADING, begun
    while time.monotonic() - begun < _PATIENCE:
        assert ended() is None, f"the service ended with {ended()} while {phase}"
        ready, said = _asked(port)
        now = time.monotonic()
        if ready or said not in {None, phase}:
            phases[phase] = phases.get(phase, 0.0) + now - since
            phase, since = said or "", now
        if ready:
            return phases
        time.sleep(_PAUSE)
    raise AssertionError(f"the service was not ready after {_PATIENCE:g} s, while {phase}")


def _asked(port: int) -> tuple[bool, str | None]:
    """Whether it is ready, and what it says it is doing; None where nobody answers yet."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health/ready", timeout=1) as answer:
            return True, _phase(answer.read())
    except urllib.error.HTTPError as error:
        return False, _phase(error.read())
    except OSError:
        return False, None


def _phase(said: bytes) -> str:
    """Without how far it is with it."""
    return said.decode().partition(":")[0].strip()
