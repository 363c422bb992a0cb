"""A real child process: decodes as the service would, dies of what kills it, can reach nothing."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from deploy.bundle.errors import BadFrame, Fatal, Unavailable
from deploy.bundle.limits import Limits
from deploy.bundle.manifest import InputSpec, open_bundle
from deploy.bundle.pixels import frame_to_pixels
from deploy.bundle.reference import open_reference
from edge.isolation.isolated import POSSIBLE, Isolated
from edge.isolation.orders import EngineOrder
from tests.ending import killed_after
from tests.loudly import skip_loudly
from tests.models import LABELS, solid_jpeg
from tests.waiting import wait_until

pytestmark = pytest.mark.slow

SPEC, LIMITS = InputSpec(32, 32), Limits(100_000, 40_000)
JPEG = solid_jpeg("parcel")
Make = Callable[..., Isolated]
ROOT = Path(__file__).parents[2]

_DECODER = """
import os, signal, socket, time
from deploy.bundle import pixels

decode = pixels.decode

def refused(act):
    try:
        act()
    except OSError as error:
        return type(error).__name__
    return "allowed"

def answering(data, spec, limits):
    words = bytes(data[-9:])
    if words == b"#segfault":
        os.kill(os.getpid(), signal.SIGSEGV)
    if words == b"#hanging#":
        time.sleep(3600)
    if words == b"#exiting#":
        os._exit(3)
    if words == b"#nonsense":
        os.write(1, b"x" * 100)
    if words == b"#failing#":
        raise RuntimeError("the decoder fell over")
    if words == b"#reaching":
        tried = [
            refused(lambda: open("/etc/passwd")),
            refused(lambda: socket.socket()),
            refused(lambda: os.fork() or os._exit(0)) if os.getuid() else "OSError",
        ]
        raise RuntimeError(" ".join(tried) + " environment " + " ".join(sorted(os.environ)))
    if words == b"#hoarding":
        bytearray(8 << 30)
    return decode(data, spec, limits)

pixels.decode = answering
"""
_SERVICE = """
from deploy.bundle.manifest import InputSpec
from deploy.bundle.limits import Limits
from edge.isolation.isolated import Isolated
from edge.observe.logs import configure_logs
from tests.models import solid_jpeg

configure_logs("error", "json")

def still():
    print(child._worker.pid, flush=True)

child = Isolated(
    InputSpec(32, 32), Limits(100_000, 40_000), 4, None, hang_seconds=600, still=lambda: None
)
child.decode(solid_jpeg("parcel"))
child._worker._still = still
child.decode(solid_jpeg("parcel") + b"#hanging#")
"""


@pytest.fixture
def make(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Iterator[Make]:
    """Children whose decoder does what the end of a frame says."""
    if not POSSIBLE:
        skip_loudly(request.config, "children to decode in need Linux")
    (tmp_path / "sitecustomize.py").write_text(_DECODER, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{ROOT}")
    made: list[Isolated] = []

    def make(engine: EngineOrder | None = None) -> Isolated:
        made.append(
            Isolated(SPEC, LIMITS, len(LABELS), engine, hang_seconds=600.0, still=lambda: None)
        )
        return made[-1]

    yield make
    for one in made:
        one.close()


def pid_of(child: Isolated) -> int:
    assert child._worker is not None
    return child._worker.pid


def refusal(child: Isolated, data: bytes) -> BadFrame:
    with pytest.raises(BadFrame) as raised:
        child.decode(data)
    return raised.value


def test_pixels_are_those_that_the_service_would_see(make: Make) -> None:
    child = make()
    for label in LABELS:
        here = frame_to_pixels(solid_jpeg(label), SPEC, LIMITS)
        assert np.array_equal(child.decode(solid_jpeg(label)), here)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b"a letter, not a picture", "not-an-image"),
        (JPEG[:20], "truncated"),
        (bytes(100_001), "too-many-bytes"),
        (solid_jpeg("parcel", 500, 401), "too-many-pixels"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_bad_frame_has_the_reason_that_it_would_have_here(
    make: Make, data: bytes, reason: str
) -> None:
    assert refusal(make(), data).reason == reason


@pytest.mark.parametrize(
    ("poison", "reason", "why"),
    [
        (b"#segfault", "crashed", "SIGSEGV"),
        (b"#exiting#", "crashed", "exit status 3"),
        (b"#nonsense", "crashed", "nonsense"),
        (b"#hoarding", "crashed", "memory"),
        (b"#failing#", "undecodable", "the decoder fell over"),
    ],
)
def test_a_frame_that_a_child_dies_of_is_bad_and_the_next_one_is_decoded(
    make: Make, poison: bytes, reason: str, why: str
) -> None:
    child = make()
    found = refusal(child, JPEG + poison)
    assert (found.reason, why in str(found)) == (reason, True)
    assert child.decode(JPEG).shape == (32, 32, 3)


def test_a_frame_that_a_child_never_comes_back_from_is_bad(make: Make) -> None:
    child = make()
    child.decode(JPEG)
    child._hang_seconds = 0.5
    assert refusal(child, JPEG + b"#hanging#").reason == "hung"
    child._hang_seconds = 600.0
    assert child.decode(JPEG).shape == (32, 32, 3)


def test_a_child_that_somebody_ended_while_it_was_idle_is_replaced(make: Make) -> None:
    child = make()
    child.decode(JPEG)
    before = pid_of(child)
    os.kill(before, signal.SIGKILL)
    wait_until(lambda: child._worker is not None and child._worker.ended, "its end")
    assert child.decode(JPEG).shape == (32, 32, 3)
    assert pid_of(child) != before


def test_a_child_that_somebody_ends_convicts_nobody(make: Make) -> None:
    child = make()
    child.decode(JPEG)

    def end() -> None:
        os.kill(pid_of(child), signal.SIGKILL)

    assert child._worker is not None
    child._worker._still = end
    with pytest.raises(Unavailable, match="from outside by SIGKILL"):
        child.decode(JPEG + b"#hanging#")


def test_a_child_does_not_heed_what_is_meant_for_the_service(make: Make) -> None:
    child = make()
    child.decode(JPEG)
    before = pid_of(child)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        os.kill(before, number)
    child.decode(JPEG)
    assert pid_of(child) == before


def test_a_child_opens_no_file_and_no_connection_and_knows_no_secret(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("YARDLIGHT_SASL_PASSWORD", "secret")
    told = str(refusal(make(), JPEG + b"#reaching"))
    said, _, environment = told.partition(" environment ")
    assert "allowed" not in said
    assert said.endswith("OSError OSError OSError") or "Permission" in said
    assert "YARDLIGHT" not in environment
    assert "PYTHONPATH" in environment


def test_a_closed_child_is_gone(make: Make) -> None:
    child = make()
    child.decode(JPEG)
    pid = pid_of(child)
    child.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


@pytest.mark.usefixtures("make")
def test_a_child_ends_with_the_service_though_that_is_killed() -> None:
    program = [sys.executable, "-c", _SERVICE]
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True, cwd=ROOT) as service:
        assert service.stdout is not None
        with killed_after(service):
            pid = int(service.stdout.readline())
        service.kill()
    wait_until(lambda: not is_running(pid), "the end of the child")


def is_running(pid: int) -> bool:
    """Whether it is there, and not only waits to be buried."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").split()[2] != "Z"
    except OSError:
        return False


def test_the_engine_in_a_child_says_what_it_says_here(make: Make, tiny_bundle: Path) -> None:
    bundle = open_bundle(tiny_bundle)
    child = make(EngineOrder(str(tiny_bundle), "", "onnxruntime", "fp32"))
    pixels = child.decode(JPEG)
    here = open_reference(bundle.model, threads=1).probabilities(pixels[np.newaxis])
    assert np.allclose(child.run(pixels[np.newaxis]), here, atol=1e-6)


def test_a_child_whose_engine_is_not_there_cannot_be_started(make: Make, tmp_path: Path) -> None:
    child = make(EngineOrder(str(tmp_path / "nowhere"), "", "onnxruntime", "fp32"))
    with pytest.raises(Fatal, match="cannot be started"):
        child.decode(JPEG)
