"""NVIDIA's compilers from the package index: the two that our kernels are compiled with.

NVRTC compiles without nvcc, without a host compiler and without a GPU. It is taken as old as may
be: code for a chip runs under every later driver of the same CUDA, but PTX only under a driver that
is no older than its compiler.
"""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from deploy.bundle.errors import Unavailable


@dataclass(frozen=True, slots=True)
class Toolchain:
    """One CUDA, and what is compiled with it."""

    image: str
    """Name of the fat binary."""
    packages: tuple[str, ...]
    chips: tuple[int, ...]
    """Compute capabilities that get code of their own: 87 is 8.7."""
    ptx: int
    """The virtual architecture from which a driver can make code for chips not listed."""


TOOLCHAINS = (
    Toolchain(
        "cuda12.fatbin",
        ("nvidia-cuda-nvrtc-cu12==12.6.85", "nvidia-nvfatbin-cu12==12.6.77"),
        chips=(75, 80, 86, 87, 89, 90),  # 87 is Orin; JetPack 6 has CUDA 12.6
        ptx=75,
    ),
    Toolchain(
        "cuda13.fatbin",
        ("nvidia-cuda-nvrtc==13.0.88", "nvidia-nvfatbin==13.0.85"),
        chips=(100, 110, 120),  # 110 is Thor; JetPack 7 has CUDA 13.0
        ptx=100,
    ),
)


def fetch(toolchain: Toolchain, cache: Path) -> Path:
    """Install the compiler into a folder of its own, once.

    Raises:
        Unavailable: the package index does not give it.
    """
    folder = cache / "-".join(toolchain.packages).replace("==", "-")
    complete = folder / "complete"
    if not complete.exists():
        pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet")
        where = ("--no-deps", "--only-binary", ":all:", "--target", str(folder))
        done = subprocess.run([*pip, *where, *toolchain.packages], check=False)
        if done.returncode:
            wanted = ", ".join(toolchain.packages)
            raise Unavailable(f"pip cannot install {wanted}: it says why above")
        complete.touch()
    return folder


def library(folder: Path, name: str) -> Path:
    """The shared library `name` among what was installed.

    Raises:
        Unavailable: it is not there; the folder may be deleted and fetched again.
    """
    found = sorted(folder.rglob(f"{name}.so.1[23]"))
    if not found:
        raise Unavailable(f"{folder} holds no {name}: delete the folder and try again")
    return found[0]
