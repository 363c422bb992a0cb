"""`yardlight-train`: pictures in, bundles out."""

import importlib.util
import json
import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number
from rich.console import Console

from deploy.bundle.command import command_line, run_command_line
from deploy.bundle.errors import MissingDriver
from deploy.bundle.manifest import open_bundle
from trainer.checking.command import check_command
from trainer.collection.command import diff_command
from trainer.evaluate import evaluate as evaluate_bundle
from trainer.ingest.command import ingest_command
from trainer.labelling.command import label_command
from trainer.progress import Live
from trainer.report import confusion_document
from trainer.settings import ExtendSettings, FitSettings
from trainer.table import matrix_table, score_table

_TRAINING_NEEDS = ("torch", "onnx", "onnxscript", "timm", "safetensors")

app = command_line(
    "yardlight-train", "Train image classifiers and pack them as bundles for yardlight-edge."
)
app.command(ingest_command, name="ingest")
app.command(check_command, name="check")
app.command(label_command, name="label")
app.command(diff_command, name="diff")


@app.command
def fit(settings: FitSettings) -> None:
    """Train a network on a folder of labelled pictures and write it as a bundle.

    The folder holds train/LABEL/* and val/LABEL/*. The bundle is written only if the exported
    network answers as the trained one does.
    """
    for package in _TRAINING_NEEDS:
        if importlib.util.find_spec(package) is None:
            raise MissingDriver(package, "train")
    from trainer.recipe import fit as fit_network

    with Live() as live:
        bundle, measured = fit_network(settings, live)
    sys.stdout.write(
        f"{bundle.folder}: accuracy {measured.accuracy:.4f} on {measured.pictures} validation "
        f"pictures, {_megabytes(bundle.folder):.1f} MB, {bundle.digest}\n"
    )


@app.command
def evaluate(
    *,
    bundle: Path,
    data: Path,
    threads: Annotated[int, Parameter(validator=Number(gte=0))] = 0,
    as_json: Annotated[bool, Parameter(name="--json", negative=())] = False,
) -> None:
    """Measure a bundle on labelled pictures: accuracy, precision, recall, confusion matrix.

    Args:
        bundle: folder of the bundle.
        data: folder with one folder of pictures per label, such as DATA/val.
        threads: CPU threads; 0 takes every core.
        as_json: print JSON, for machines.
    """
    with Live() as live:
        confusion = evaluate_bundle(open_bundle(bundle), data, threads, live.count)
    if as_json:
        document = confusion_document(confusion)
        sys.stdout.write(json.dumps(document, indent=2, ensure_ascii=False) + "\n")
    else:
        console = Console(highlight=False, soft_wrap=True)
        console.print(f"accuracy {confusion.accuracy:.4f} on {confusion.pictures} pictures")
        console.print(score_table(confusion))
        if (matrix := matrix_table(confusion)) is not None:
            console.print(matrix)


@app.command
def extend(settings: ExtendSettings) -> None:
    """Teach a bundle a new label, or its labels at a new camera, from 5 to 20 photos of each.

    The backbone stays as it is. The new bundle says what the photos brought and what the old labels
    lost.
    """
    if importlib.util.find_spec("onnx") is None:
        raise MissingDriver("onnx", "deploy")
    from trainer.extend import extend as extend_bundle

    with Live() as live:
        bundle, outcome = extend_bundle(settings, live.count)
    sys.stdout.write("\n".join((f"{bundle.folder}: {bundle.digest}", *outcome.lines())) + "\n")


def main() -> None:
    sys.exit(run_command_line(app))


def _megabytes(folder: Path) -> float:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6


if __name__ == "__main__":
    main()
