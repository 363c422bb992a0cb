"""`report/metrics.json`: what was measured while training and of the exported network."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from deploy.bundle.manifest import Bundle
from trainer.curve import Epoch
from trainer.evaluation import Evaluation
from trainer.metrics import Confusion
from trainer.reliability import Reliability

FOLDER = "report"
_METRICS = "metrics.json"


@dataclass(frozen=True, slots=True)
class Trained:
    """What a bundle's report says of its training."""

    curve: tuple[Epoch, ...] = ()
    best_epoch: int = 0
    temperature: float | None = None
    """By which the logits were divided; None in a bundle that says nothing of it."""


def write_report(draft: Path, trained: Trained, evaluation: Evaluation) -> None:
    """Write the report of a bundle that is being made in the folder `draft`."""
    document = {
        "epochs": [asdict(epoch) for epoch in trained.curve],
        "best_epoch": trained.best_epoch,
        "temperature": trained.temperature,
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
        return Trained(curve, int(found["best_epoch"]), found.get("temperature"))
    except (OSError, ValueError, KeyError, TypeError):
        return Trained()


def evaluation_document(evaluation: Evaluation) -> dict[str, Any]:
    """The same content as JSON: in the report and on the command line."""
    before = evaluation.before
    return confusion_document(evaluation.confusion) | {
        "calibration": {
            "temperature": evaluation.temperature,
            "error_before": None if before is None else before.error,
            "error": evaluation.reliability.error,
            "bins": _bins(evaluation.reliability),
        }
    }


def confusion_document(confusion: Confusion) -> dict[str, Any]:
    """What was taken for what."""
    return {
        "pictures": confusion.pictures,
        "accuracy": confusion.accuracy,
        "accuracy_interval": list(confusion.interval),
        "balanced_accuracy": confusion.balanced_accuracy,
        "labels": [asdict(score) for score in confusion.by_label],
        "confusion": {
            "rows": "what the pictures are",
            "columns": "what they were called",
            "labels": list(confusion.labels),
            "counts": confusion.counts.tolist(),
        },
    }


def _bins(reliability: Reliability) -> list[dict[str, Any]]:
    return [asdict(found) for found in reliability.bins]
