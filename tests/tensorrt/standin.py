"""What `import tensorrt` and `import pycuda.driver` give where neither is: fakes of one version."""

import fcntl
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from deploy.engines import nvidia_log
from deploy.engines.nvidia import _Chosen
from tests.loudly import NotHere
from tests.tensorrt import fake_cuda
from tests.tensorrt.bindings import Bindings
from tests.tensorrt.declared import Declared, read_stub
from tests.tensorrt.fake import fake
from tests.tensorrt.simulation import Machine, simulation
from tests.tensorrt.versions import VERSIONS

_GRAPHS = "cuda.bindings.driver"
_NAMES = ("tensorrt", "pycuda", "pycuda.driver", _GRAPHS)


def bindings_of(version: str) -> Bindings:
    return next(bindings for bindings in VERSIONS if bindings.version == version)


@cache
def classes_of(version: str) -> dict[str, Declared]:
    """What the bindings of a version declare; the stub is made first where there is none.

    Raises:
        NotHere: it cannot be made on this machine.
    """
    return read_stub(_stub(bindings_of(version)))


def _stub(bindings: Bindings) -> Path:
    made = bindings.folder / "stubs" / "tensorrt.pyi"
    bindings.folder.mkdir(parents=True, exist_ok=True)
    with (bindings.folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            try:
                bindings.stubs()
            except SystemExit as reason:
                first = str(reason).splitlines()[0]
                raise NotHere(f"no fake of TensorRT {bindings.version}: {first}") from None
    return made


def install(version: str) -> Machine:
    """Let the fake be what is imported from now on; returns the machine that it simulates."""
    machine = Machine()
    library = fake(version, classes_of(version), simulation(machine))
    driver = fake_cuda.module()
    package = type(sys)("pycuda")
    vars(package)["driver"] = driver
    sys.modules.update({"tensorrt": library, "pycuda": package, "pycuda.driver": driver})
    # It comes with torch, and asks a real driver: here it is not installed.
    sys.modules[_GRAPHS] = None  # type: ignore[assignment]
    # One logger is kept for each library, and this one has the name of the last.
    nvidia_log._made_for.cache_clear()
    return machine


@contextmanager
def installed(version: str) -> Iterator[Machine]:
    """The fake within, and what there was before afterwards."""
    before = {name: sys.modules.get(name) for name in _NAMES}
    chosen = _Chosen.module
    try:
        yield install(version)
    finally:
        for name, module in before.items():
            sys.modules.pop(name, None)
            if module is not None:
                sys.modules[name] = module
        _Chosen.module = chosen
        nvidia_log._made_for.cache_clear()
