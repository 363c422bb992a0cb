"""`make wheel-check`: the wheel in an empty environment, its libraries from the package index."""

import sys
import tempfile
import time
from pathlib import Path

from tests.packaging.distributions import ROOT, Environment, build, run

DEMO_SECONDS = 60.0
"""In which the demo must have classified, built its engine included."""


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="yardlight-wheel-") as folder:
        return check(Path(folder))


def check(folder: Path) -> int:
    """Build, install and run it; say how long each took."""
    wheel = build(folder / "dist").wheel
    environment = Environment(folder / "venv")
    environment.create()
    began = time.monotonic()
    environment.install("--constraint", str(ROOT / "constraints.txt"), f"{wheel}[demo]")
    _say("installed", began)
    began = time.monotonic()
    version = run(environment.program("yardlight-edge"), "--version").strip()
    _say(version, began)
    began = time.monotonic()
    demo = (environment.program("yardlight-edge"), "demo", "--seconds", "2")
    said = run(*demo, HOME=str(folder))
    took = _say("demo, two seconds of cameras in it", began)
    sys.stdout.write(said[said.index("accuracy") :])
    return 0 if took < DEMO_SECONDS and "audit       clean" in said else 1


def _say(what: str, began: float) -> float:
    took = time.monotonic() - began
    sys.stdout.write(f"{what}: {took:.1f} s\n")
    return took


if __name__ == "__main__":
    sys.exit(main())
