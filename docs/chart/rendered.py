"""docker/kubernetes: the chart as plain manifests, for who has no Helm and for every test run.

Helm is not on every machine, so each file carries the digest of the chart that it was made from;
whether it is out of date is seen without rendering again.
"""

import hashlib
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parents[2]
CHART = ROOT / "docker/helm"
MANIFESTS = ROOT / "docker/kubernetes"
_BUILT = ROOT / ".cache/bin/helm"
_OPERATORS = ("podMonitor.enabled=true", "autoscaling.enabled=true", "autoscaling.partitions=8")
_BUNDLE = "bundle.volume.persistentVolumeClaim.claimName=yardlight-bundle"
VARIANTS: Mapping[str, tuple[str, ...]] = {
    "cpu": ("--set", _BUNDLE, "--set", ",".join(_OPERATORS)),
    "gpu": ("-f", "values-gpu.yaml", "--set", _BUNDLE, "--set", ",".join(_OPERATORS)),
    "jetson": ("-f", "values-jetson.yaml", "--set", _OPERATORS[0]),
}
"""Words for Helm, by the name of the file that they make."""


def helm() -> Path | None:
    """Helm 4 that `make chart-check` built, else the one that is installed, if any."""
    if _BUILT.exists():
        return _BUILT
    installed = shutil.which("helm")
    return Path(installed) if installed else None


def render(program: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    command = [str(program), "template", "yardlight", ".", *words]
    return subprocess.run(command, cwd=CHART, capture_output=True, text=True, check=False)


def manifests(program: Path) -> dict[Path, str]:
    """What each file should hold."""
    return {path(name): stamp() + _manifest(program, words) for name, words in VARIANTS.items()}


def path(variant: str) -> Path:
    return MANIFESTS / f"{variant}.yaml"


def stale() -> list[Path]:
    """The files that were made from another chart, or not at all."""
    every = map(path, VARIANTS)
    return [it for it in every if not it.exists() or not it.read_text("utf-8").startswith(stamp())]


def stamp() -> str:
    """First line of each file: what it was made from."""
    digest = hashlib.sha256(repr(sorted(VARIANTS.items())).encode())
    for file in sorted(it for it in CHART.rglob("*") if it.is_file()):
        digest.update(str(file.relative_to(CHART)).encode() + b"\0" + file.read_bytes() + b"\0")
    return f"# Rendered from docker/helm by `make chart`: sha256:{digest.hexdigest()}\n"


def _manifest(program: Path, words: tuple[str, ...]) -> str:
    rendered = render(program, *words)
    if rendered.returncode:
        raise SystemExit(rendered.stderr)
    return rendered.stdout
