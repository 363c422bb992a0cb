"""Which engines this machine can run, which compiled one fits, and how it is loaded."""

import importlib.util
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from deploy.bundle.errors import Fatal
from deploy.bundle.manifest import Bundle, Vouch, anybody
from deploy.engines import nvidia, onnxruntime, openvino
from deploy.engines.cuda import gpu_name
from deploy.engines.device import cpu_name, nvidia_driver
from deploy.engines.kinds import Choice, EngineKind, Precision
from deploy.engines.protocol import Engine
from deploy.engines.record import RECORD, EngineRecord, Fingerprint, read_record, refuse_edited


@dataclass(frozen=True, slots=True)
class Chosen:
    """An engine kind and, for the log, why it was taken."""

    kind: EngineKind
    why: str
    fallback: bool = False
    """Nothing better than the reference was found, though it was looked for."""


def choose(choice: Choice) -> Chosen:
    """Resolve `auto` to the best engine that this machine has."""
    if choice != "auto":
        return Chosen(choice, "asked for")
    if importlib.util.find_spec("openvino"):
        return Chosen("openvino", "auto: OpenVINO is installed and the fastest on this CPU")
    return Chosen("onnxruntime", "auto: OpenVINO is not installed (extra 'cpu')", fallback=True)


def fingerprint(
    bundle: Bundle, kind: EngineKind, precision: Precision, max_batch: int
) -> Fingerprint:
    """What an engine must carry to run this bundle on this machine.

    Raises:
        MissingDriver: the engine's library is not installed.
    """
    on_gpu = kind in nvidia.NVIDIA
    device, driver = (gpu_name(), nvidia_driver()) if on_gpu else (cpu_name(), "")
    return Fingerprint(bundle.digest, kind, _builder(kind), precision, device, max_batch, driver)


def here(bundle: Bundle, made: Fingerprint) -> Fingerprint:
    """What an engine of the same kind must carry to run this bundle on this machine.

    Raises:
        MissingDriver: the engine's library is not installed.
    """
    return fingerprint(bundle, made.kind, made.precision, made.max_batch)


def insist_on_fit(folder: Path, made: Fingerprint, wanted: Fingerprint) -> None:
    """Refuse an engine that was made for something else.

    Raises:
        Fatal: it was; says for what.
    """
    if other := made.misfit(wanted):
        raise Fatal(f"engine {folder} was built for {other}: build it for this machine and bundle")


def find(wanted: Fingerprint, places: Iterable[Path]) -> Path | None:
    """The folder of the engine with exactly this fingerprint, in the first place that has it."""
    folders = (place / wanted.key for place in places)
    return next((folder for folder in folders if (folder / RECORD).is_file()), None)


def read_fitting(
    folder: Path, wanted: Fingerprint, vouch: Vouch = anybody, *, unproven: bool = False
) -> EngineRecord:
    """Read an engine's record and insist that it fits and was proven equal.

    Args:
        vouch: is asked about the record before anything of it is parsed.
        unproven: take it although its certificate failed or was edited.

    Raises:
        Fatal: it is damaged, belongs to another machine or model, or its certificate failed.
    """
    record = read_record(folder, vouch)
    insist_on_fit(folder, record.fingerprint, wanted)
    if unproven:
        return record
    if not record.certificate.passed:
        raise Fatal(f"engine {folder} was not proven equal: {record.certificate.reason}")
    refuse_edited(folder)
    return record


def load(bundle: Bundle, folder: Path, kind: EngineKind, precision: Precision) -> Engine:
    """Load a compiled engine; the caller has checked that it fits."""
    if kind == "openvino":
        return openvino.load(bundle, folder, precision)
    if kind == "onnxruntime":
        return onnxruntime.load(bundle, None if precision == "fp32" else folder)
    from deploy.engines import tensorrt  # with all that works on a GPU, for those who have one

    return tensorrt.load(bundle, folder, kind)


def _builder(kind: EngineKind) -> str:
    if kind == "openvino":
        return openvino.version()
    if kind == "onnxruntime":
        return onnxruntime.version()
    return nvidia.version(kind)
