"""Where a model came from: enough to make it again, nothing that names the machine or its folders.

Nothing here depends on the hour either: what is trained again from the same data, settings and
versions becomes the same bundle.
"""

import importlib.metadata
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from deploy.bundle.manifest import sha256_of
from trainer.data.digest import data_digest
from trainer.data.pictures import Pictures
from trainer.marks import Marks
from trainer.settings import FitSettings

_PACKAGES = ("yardlight", "torch", "onnx", "onnxscript", "onnxruntime", "numpy", "timm")
_OF_THIS_MACHINE = frozenset(
    {"data", "out", "overwrite", "labels", "name", "bundle_version", "weights"}
    | {"run", "resume", "checkpoint_minutes", "pictures", "cache", "teacher"}
)


def provenance(
    settings: FitSettings,
    train: Pictures,
    val: Pictures,
    measured: Marks,
    parity: float,
    changes: tuple[str, ...] = (),
    teacher: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """The manifest's `provenance` of a trained bundle.

    `changes` are settings that were others when training was resumed; the last ones stand in
    `config`. `teacher` is the origin of the bundle that taught.
    """
    config = {key: value for key, value in asdict(settings).items() if key not in _OF_THIS_MACHINE}
    return {
        "made_by": "yardlight-train fit",
        "data": {
            "digest": data_digest(settings.data, train, val),
            "pictures": {"train": len(train), "val": len(val)},
            "train": train.counts,
            "val": val.counts,
        },
        "commit": _commit(),
        "config": config | ({"changes": list(changes)} if changes else {}),
        "weights": None if settings.weights is None else sha256_of(settings.weights),
        "teacher": None if teacher is None else dict(teacher),
        "versions": {package: version_of(package) for package in _PACKAGES},
        "measured": {
            **{f"val_{one.name.replace(' ', '_')}": one.value for one in measured.figures},
            "export_error": parity,
        },
    }


def version_of(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _commit() -> str | None:
    """The commit of the trainer's own source, with `+changes` where it differs; None elsewhere."""
    git = shutil.which("git")
    here = Path(__file__).resolve()
    if git is None or _ask(git, "ls-files", "--error-unmatch", here.name) is None:
        return None
    commit = _ask(git, "rev-parse", "HEAD")
    changed = _ask(git, "status", "--porcelain", "--", ".")
    return f"{commit}+changes" if commit and changed else commit


def _ask(git: str, *question: str) -> str | None:
    command = [git, "-C", str(Path(__file__).resolve().parent), *question]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    return answer.stdout.strip() if answer.returncode == 0 else None
