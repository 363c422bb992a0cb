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
from trainer.evaluation import Evaluation
from trainer.explaining.command import explain_command
from trainer.extend_settings import ExtendSettings
from trainer.ingest.command import ingest_command
from trainer.labelling.command import label_command
from trainer.progress import Live
from trainer.report import evaluation_document
from trainer.reporting.private import report_on
from trainer.settings import FitSettings
from trainer.table import matrix_table, score_table

_TRAINING_NEEDS = ("torch", "onnx", "onnxscript", "timm", "safetensors")

app = command_line(
    "yardlight-train", "Train image classifiers and pack them as bundles for yardlight-edge."
)
app.command(ingest_command, name="ingest")
app.command(check_command, name="check")
app.command(label_command, name="label")
app.command(diff_command, name="diff")
app.command(explain_command, name="explain")


@app.command
def fit(settings: FitSettings) -> None:
    """Train a network on a folder of labelled pictures and write it as a bundle.

    The folder holds train/LABEL/* and val/LABEL/*. With --multi-label a frame may show several of
    the labels, or none, as the annotations beside the pictures say. The bundle is written only if
    the exported network answers as the trained one does.
    """
    for package in _TRAINING_NEEDS:
        if importlib.util.find_spec(package) is None:
            raise MissingDriver(package, "train")
    from trainer.recipe import fit as fit_network

    with Live() as live:
        made = fit_network(settings, live)
    if made is None:  # another of the processes that torchrun started says it
        return
    bundle, measured = made
    first = measured.marks.figures[0]
    sys.stdout.write(
        f"{bundle.folder}: {first.name} {first.value:.4f} on {measured.marks.pictures} validation "
        f"pictures, {_megabytes(bundle.folder):.1f} MB, {bundle.digest}\n"
    )


@app.command
def evaluate(
    *,
    bundle: Path,
    data: Path,
    report: Path | None = None,
    pictures: bool = True,
    threads: Annotated[int, Parameter(validator=Number(gte=0))] = 0,
    as_json: Annotated[bool, Parameter(name="--json", negative=())] = False,
) -> None:
    """Measure a bundle on labelled pictures: accuracy, precision, recall, confusion matrix.

    Where a picture may show several labels: exact match, mean average precision, and of each label
    precision, recall, average precision, and the threshold with the highest F1.

    Args:
        bundle: folder of the bundle.
        data: folder with one folder of pictures per label, such as DATA/val; of a bundle of fit
            --multi-label, the annotations beside the pictures say what they show.
        report: folder to write index.html to, a page with all of it.
        pictures: the page shows pictures: the worst mistakes, and what was looked at.
        threads: CPU threads; 0 takes every core.
        as_json: print JSON, for machines.
    """
    opened = open_bundle(bundle)
    with Live() as live:
        measured, seen = evaluate_bundle(opened, data, threads, live.count)
        if report is not None:
            live.clear()
            page = report_on(
                opened, seen, measured, report, data.parent, threads=threads, show=pictures
            )
            live.say(f"report: {page}")
    if as_json:
        document = evaluation_document(measured)
        sys.stdout.write(json.dumps(document, indent=2, ensure_ascii=False) + "\n")
    else:
        _print(measured)


def _print(measured: Evaluation) -> None:
    marks, console = measured.marks, Console(highlight=False, soft_wrap=True)
    said = ", ".join(f"{one.name} {one.value:.4f} ({one.says})" for one in marks.figures)
    console.print(
        f"{marks.pictures} pictures: {said}, calibration error {measured.reliability.error:.3f}"
    )
    console.print(score_table(marks))
    if marks.legend:
        console.print(marks.legend)
    if marks.confusion is not None and (matrix := matrix_table(marks.confusion)) is not None:
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
