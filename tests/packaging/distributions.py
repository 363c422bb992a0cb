"""Wheel and sdist of this working tree, and environments to install them into."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.ending import finished

ROOT = Path(__file__).parents[2]
_SECONDS = 900.0
"""The package index may be far away."""


@dataclass(frozen=True, slots=True)
class Distributions:
    wheel: Path
    sdist: Path


def build(folder: Path) -> Distributions:
    """Build both into `folder`, with the build backend that is installed here."""
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT))
    (wheel,), (sdist,) = folder.glob("*.whl"), folder.glob("*.tar.gz")
    return Distributions(wheel, sdist)


@dataclass(frozen=True, slots=True)
class Environment:
    """A virtual environment that knows nothing of this one."""

    folder: Path

    @property
    def python(self) -> Path:
        return self.folder / "bin/python"

    def program(self, name: str) -> str:
        return str(self.folder / "bin" / name)

    def create(self) -> None:
        run(sys.executable, "-m", "venv", "--without-pip", str(self.folder))

    def install(self, *words: str) -> None:
        run(sys.executable, "-m", "pip", "--python", str(self.python), "install", "-q", *words)


def run(*command: str, **variables: str) -> str:
    """What a command says on stdout; one that fails fails the test with all it said."""
    # Nothing of the environment that the tests run in may be found by it.
    environment = {"PATH": "/usr/bin:/bin", "COLUMNS": "120", **_passed_on(), **variables}
    done = finished(command, seconds=_SECONDS, cwd="/", env=environment)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def _passed_on() -> dict[str, str]:
    """Where packages come from and go to is a matter of the machine."""
    return {
        name: value
        for name, value in os.environ.items()
        if name in {"HOME", "TMPDIR", "SSL_CERT_FILE"} or name.startswith("PIP_")
    }
