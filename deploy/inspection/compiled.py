"""The layers of a compiled engine and their precisions, where its library tells them."""

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from deploy.bundle.manifest import Bundle, Vouch
from deploy.engines import catalogue
from deploy.engines.record import read_record


def layers_of(bundle: Bundle, folder: Path, vouch: Vouch) -> Mapping[str, Mapping[str, int]]:
    """How many layers of each kind the engine runs, by precision; empty where it does not tell.

    The engine is loaded for it, which is native code.

    Raises:
        Fatal: it does not fit this machine, is not signed by anybody who is trusted, or does not
            load.
    """
    made = read_record(folder, vouch).fingerprint
    catalogue.insist_on_fit(folder, made, catalogue.here(bundle, made))
    engine = catalogue.load(bundle, folder, made.kind, made.precision)
    try:
        found: dict[str, Counter[str]] = {}
        for precision, kind in _told(engine):
            found.setdefault(precision, Counter())[kind] += 1
    finally:
        engine.close()
    return {precision: dict(kinds.most_common()) for precision, kinds in found.items()}


def _told(engine: Any) -> Iterator[tuple[str, str]]:
    """Precision and kind of each layer that OpenVINO runs for one frame."""
    compiled = getattr(engine, "compiled", None)
    if not compiled:
        return
    for layer in compiled[min(compiled)].get_runtime_model().get_ops():
        told = layer.get_rt_info()
        yield _word(told["runtimePrecision"]), _word(told["layerType"])


def _word(told: Any) -> str:
    """OpenVINO tells a word, in older versions wrapped into an object."""
    return str(getattr(told, "value", told))
