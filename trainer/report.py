"""`report/metrics.json`: what was measured while training and of the exported network."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from deploy.bundle.manifest import Bundle
from trainer.calibration import Calibration
from trainer.curve import Epoch
from trainer.evaluation import Evaluation

FOLDER = "report"
_METRICS = "metrics.json"


@dataclass(frozen=True, slots=True)
class Trained:
    """What a bundle's report says of its training."""

    curve: tuple[Epoch, ...] = ()
    best_epoch: int = 0
    calibration: Calibration | None = None
    """What is folded into the dense layer; None in a bundle that says nothing of it."""


def write_report(draft: Path, trained: Trained, evaluation: Evaluation) -> None:
    """Write the report of a bundle that is being made in the folder `draft`."""
    document = {
        "epochs": [asdict(epoch) for epoch in trained.curve],
        "best_epoch": trained.best_epoch,
        **_calibration(trained.calibration),
        "validation": evaluation_document(evaluation),
    }
    place = draft / FOLDER
    place.mkdir(exist_ok=True)
    text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    (place / _METRICS).write_text(text, encoding="utf-8")


def read_report(bundle: Bundle) -> Trained:
    """What a bundle's report says of its training; nothing where it has none that can be read."""
    try:
        found = json.loads((bundle.folder / FOLDER / _METRICS).read_text("utf-8"))
        curve = tuple(Epoch(**epoch) for epoch in found["epochs"])
        return Trained(curve, int(found["best_epoch"]), Calibration.read(found))
    except (OSError, ValueError, KeyError, TypeError):
        return Trained()


def evaluation_document(evaluation: Evaluation) -> dict[str, Any]:
    """The same content as JSON: in the report and on the command line."""
    before = evaluation.before
    return {
        **evaluation.marks.document(),
        "calibration": {
            **_calibration(evaluation.calibration),
            "error_before": None if before is None else before.error,
            "error": evaluation.reliability.error,
            "bins": [asdict(found) for found in evaluation.reliability.bins],
        },
    }


def _calibration(found: Calibration | None) -> dict[str, Any]:
    return {"temperature": None} if found is None else found.document()
