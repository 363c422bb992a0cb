"""`report/metrics.json`: what was measured while training and of the exported network."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from trainer.curve import Epoch
from trainer.metrics import Confusion

FOLDER = "report"


def write_report(bundle: Path, curve: Sequence[Epoch], best: int, confusion: Confusion) -> None:
    """Write the report of a bundle that is being made in the folder `bundle`."""
    document = {
        "epochs": [asdict(epoch) for epoch in curve],
        "best_epoch": best,
        "validation": confusion_document(confusion),
    }
    place = bundle / FOLDER
    place.mkdir(exist_ok=True)
    text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    (place / "metrics.json").write_text(text, encoding="utf-8")


def confusion_document(confusion: Confusion) -> dict[str, Any]:
    """The same content as JSON: in the report and on the command line."""
    return {
        "pictures": confusion.pictures,
        "accuracy": confusion.accuracy,
        "labels": [asdict(score) for score in confusion.by_label],
        "confusion": {
            "rows": "what the pictures are",
            "columns": "what they were called",
            "labels": list(confusion.labels),
            "counts": confusion.counts.tolist(),
        },
    }
