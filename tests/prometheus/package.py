"""Prometheus and promtool: Debian's package, unpacked into the cache."""

import shutil
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.ending import finished
from tests.loudly import NotHere

_PACKAGE = "prometheus"
_CACHE = Path(__file__).parents[2] / ".cache"


@dataclass(frozen=True, slots=True)
class Programs:
    prometheus: Path
    promtool: Path


@cache
def programs() -> Programs:
    """Where they lie; those that are installed, else fetched once.

    Raises:
        NotHere: they are neither installed nor to be fetched.
    """
    installed = [shutil.which(name) for name in (_PACKAGE, "promtool")]
    if all(installed):
        prometheus, promtool = (Path(str(it)) for it in installed)
        return Programs(prometheus, promtool)
    target = _CACHE / _PACKAGE
    if not target.is_dir():
        _fetch(target)
    return Programs(target / "usr/bin/prometheus", target / "usr/bin/promtool")


def _fetch(target: Path) -> None:
    for tool in ("apt-get", "dpkg"):
        if shutil.which(tool) is None:
            raise NotHere(f"Prometheus is not installed, and unpacking Debian's needs `{tool}`.")
    _CACHE.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=_CACHE) as folder:
        _run("apt-get", "download", _PACKAGE, folder=folder)
        (package,) = Path(folder).glob("*.deb")
        _run("dpkg", "-x", str(package), "unpacked", folder=folder)
        if not target.is_dir():  # another test run may have been faster
            (Path(folder) / "unpacked").rename(target)


def _run(*command: str, folder: str) -> None:
    done = finished(command, cwd=folder)
    if done.returncode:
        raise NotHere(f"Prometheus is not here: {' '.join(command)} said {done.stderr.strip()}")
