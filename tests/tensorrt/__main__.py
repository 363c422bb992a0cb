"""`make check-tensorrt`: what Yardlight asks of TensorRT, held to the types of four versions."""

import os
import subprocess
import sys
from pathlib import Path

import tomli

from tests.tensorrt.bindings import ROOT, Bindings
from tests.tensorrt.versions import VERSIONS

_DOOR = "TensorRT has one door"


def main() -> int:
    failed = 0
    for bindings in VERSIONS:
        errors = type_errors(bindings)
        said = f"type errors\n{errors}" if errors else "no type errors"
        sys.stdout.write(f"{bindings.name} {bindings.version}: {said}\n")
        failed |= bool(errors)
    return failed


def type_errors(bindings: Bindings) -> str:
    """What mypy says of all that uses TensorRT and of `refused.py`; nothing, if all is well."""
    targets = [word for module in users() for word in ("-p", module)]
    done = subprocess.run(
        [
            *(sys.executable, "-m", "mypy", "--no-error-summary"),
            *("--config-file", str(Path(__file__).with_name("mypy.ini"))),
            *("--cache-dir", str(bindings.folder / "mypy")),
            *("-m", "tensorrt", "-m", "tests.tensorrt.refused", *targets),
        ],
        env=os.environ | {"MYPYPATH": str(bindings.stubs())},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return (done.stdout + done.stderr).strip() if done.returncode else ""


def users() -> list[str]:
    """The modules that the architecture lets import TensorRT."""
    settings = tomli.loads((ROOT / "pyproject.toml").read_text())
    contracts = settings["tool"]["importlinter"]["contracts"]
    (door,) = (contract for contract in contracts if contract["name"] == _DOOR)
    return [str(module) for module in door["allowed_importers"]]


if __name__ == "__main__":
    sys.exit(main())
