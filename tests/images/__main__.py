"""`make image-check`: the CPU image is built and run here, without a daemon; needs root and Debian.

The service of the image classifies frames of simulated cameras from a broker of this machine, as
nobody in particular and on a read-only root, and the audit recounts them.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from edge.kafka.embedded import EmbeddedBroker, free_port
from tests.images.building import Built, build
from tests.images.inside import USER, Inside
from tests.phases import JOINING, phases_until_ready
from tests.waiting import wait_until

MOST_BYTES = 600 * 10**6
READY_SECONDS = 2.0
"""From started to joining the group with an engine in the cache, on a machine with nothing else to
do. How long the first member of a group waits then is up to the broker: half a session timeout with
this one.
"""
FRAMES = 40
_BUNDLE = "/opt/yardlight/lib/python3.11/site-packages/edge/demo/bundle"
_NOT_IN_IT = {"gcc", "cc", "g++", "c++", "clang", "ld", "as", "make", "pip", "pip3"}


def main() -> int:
    began = time.monotonic()
    image = build()
    say("built in", f"{time.monotonic() - began:.0f} s (moments where its layers are cached)")
    look_at(image)
    with tempfile.TemporaryDirectory(prefix="yardlight-image-") as folder:
        home = Path(folder)
        os.chown(home, *map(int, USER.split(":")))
        inside = Inside(image.root, home)
        say("yardlight-edge --version", run(inside, "yardlight-edge", "--version"))
        say("who", run(inside, "id", "--user"))
        refused = run(inside, "sh", "-c", "touch /opt/written 2>&1 || true")
        say("writing to the root", refused)
        assert "Read-only file system" in refused
        classify(inside)
    return 0


def look_at(image: Built) -> None:
    """Its size, and what must not and what must be in it."""
    say("content", f"{image.size / 10**6:.0f} MB")
    assert image.size < MOST_BYTES
    assert not image.programs() & _NOT_IN_IT, image.programs() & _NOT_IN_IT
    say("compilers and installers", "none")
    materials = (image.root / "opt/yardlight/sbom.cdx.json").read_text(encoding="utf-8")
    components = {component["name"] for component in json.loads(materials)["components"]}
    assert {"yardlight", "kafka-python", "openvino"} <= components
    say("bill of materials", f"{len(components)} components")


def classify(inside: Inside) -> None:
    """Frames through the service of the image, twice: with its engine to build, and to load."""
    with EmbeddedBroker() as broker:
        kafka = ("--bootstrap-servers", broker.address)
        run(inside, "yardlight-edge", "topics", "create", *kafka, "--replication", "1")
        doctor = run(inside, "yardlight-edge", "doctor", "--bundle", _BUNDLE, *kafka, status=None)
        say("doctor", doctor.strip().splitlines()[-1])
        with serving(inside, *kafka, "--engine-rebuild", "wait") as (phases, _):
            say("start, engine built", told(phases))
        with serving(inside, *kafka, "--no-build") as (phases, port):
            ours = sum(phases.values()) - phases.get(JOINING, 0.0)
            say("start, engine cached", told(phases))
            say("of it before joining", f"{ours:.2f} s (aim: {READY_SECONDS:g} s)")
            check = ("python", "/opt/yardlight/healthcheck.py")
            health = run(inside, "env", f"YARDLIGHT_METRICS_PORT={port}", *check)
            say("HEALTHCHECK", health)
            cameras = ("cameras", "--simulated", "2", "--rate", "20", "--count", str(FRAMES))
            run(inside, "yardlight-edge", *cameras, *kafka)
            wait_until(lambda: classified(port) == FRAMES, f"{FRAMES} classified frames")
        say("audit", run(inside, "yardlight-edge", "audit", *kafka))


@contextmanager
def serving(inside: Inside, *words: str) -> Iterator[tuple[dict[str, float], int]]:
    """The service with these words, ready; how long each phase of its start took, and its port. It
    is stopped as Docker stops it.
    """
    port = free_port()
    options = ("--metrics-port", str(port), "--session-timeout", "3", *words)
    began = time.monotonic()
    service = subprocess.Popen(
        inside.command("yardlight-edge", "run", "--bundle", _BUNDLE, *options),
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield phases_until_ready(port, service.poll, began), port
    finally:
        service.terminate()
        _, said = service.communicate(timeout=30)
    assert service.returncode == 0, said


def told(phases: Mapping[str, float]) -> str:
    """`2.10 s: 1.50 s connecting to Kafka, …`."""
    parts = ", ".join(f"{took:.2f} s {phase}" for phase, took in phases.items())
    return f"{sum(phases.values()):.2f} s: {parts}"


def answers(port: int, path: str) -> str:
    """What it says at `path`, nothing if it does not or is not well."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/{path}", timeout=1) as answer:
            return str(answer.read().decode())
    except (urllib.error.URLError, OSError):
        return ""


def classified(port: int) -> int:
    found = re.search(
        r'yardlight_frames_total\{outcome="classified"\} (\d+)', answers(port, "metrics")
    )
    return int(found[1]) if found else 0


def run(inside: Inside, *words: str, status: int | None = 0) -> str:
    """What a program of the image says; `status` is how it must end, None if that is not known."""
    done = subprocess.run(inside.command(*words), capture_output=True, text=True, check=False)
    assert status is None or done.returncode == status, done.stdout + done.stderr
    return done.stdout


def say(what: str, found: str) -> None:
    sys.stdout.write(f"{what}: {found.strip()}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
