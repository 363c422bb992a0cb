"""`yardlight-deploy quantise`."""

import importlib
import sys
from pathlib import Path

from deploy.bundle.command import tell
from deploy.bundle.errors import MissingDriver
from deploy.bundle.manifest import open_bundle
from deploy.bundle.typed import Fraction, Positive


def command(
    bundle: Path,
    *,
    calibration: Path,
    out: Path,
    max_accuracy_drop: Fraction = 0.01,
    frames: Positive = 256,
    overwrite: bool = False,
) -> None:
    """Make a bundle whose network can be computed in INT8, with as many layers so as it can bear.

    Args:
        bundle: folder of the bundle.
        calibration: folder of photos such as the cameras send; where every photo lies in a folder
            named as its label, accuracy decides, else agreement with FP32.
        out: folder of the new bundle.
        max_accuracy_drop: what INT8 may cost, as a fraction of all frames; the layers that cost
            most stay in FP32 until it is kept.
        frames: most photos to take the ranges from, and most to judge them by.
        overwrite: replace a bundle that is there.
    """
    try:
        importlib.import_module("onnx")
    except ImportError:
        raise MissingDriver("onnx", "deploy") from None
    from deploy.quantise.quantiser import QuantiseSpec, quantise

    spec = QuantiseSpec(calibration, max_accuracy_drop, frames, overwrite)
    trial = quantise(open_bundle(bundle), spec, out, tell)
    for layer in trial.kept:
        tell(f"kept in FP32: {layer}")
    sys.stdout.write(f"{out}\n")
