"""`yardlight-deploy`: bundles in, proven engines out."""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from deploy.build.engine import BuildSpec, build_engine, verify_engine
from deploy.build.parity import certify_reference
from deploy.bundle.command import DONE, FAILED, command_line, run_command_line
from deploy.bundle.errors import YardlightError
from deploy.bundle.manifest import Bundle, Filter, InputSpec, Resize, open_bundle
from deploy.bundle.reference import check_model
from deploy.bundle.typed import BatchSize
from deploy.engines import catalogue
from deploy.engines.protocol import Precision
from deploy.engines.record import RECORD
from deploy.importing.importer import import_model
from deploy.importing.spec import (
    ActivationChoice,
    Colour,
    ImportSpec,
    Layout,
    ScoresKind,
    parse_channels,
    parse_size,
    read_labels,
)
from deploy.inspection import command as inspection
from deploy.signing import command as signing

app = command_line("yardlight-deploy", "Turn models into bundles and bundles into proven engines.")
signing.add_to(app)
inspection.add_to(app)


@app.command(name="import")
def import_(
    model: Path,
    *,
    labels: Path,
    size: str,
    mean: str,
    std: str,
    out: Path,
    layout: Layout = "nchw",
    colour: Colour = "rgb",
    activation: ActivationChoice = "auto",
    scores: ScoresKind = "auto",
    output: str = "",
    resize: Resize = "squash",
    filter_: Annotated[Filter, Parameter("--filter")] = "area",
    name: str = "",
    bundle_version: str = "1",
    golden: Path | None = None,
    overwrite: bool = False,
) -> None:
    """Turn any ONNX image classifier into a bundle; equality with the original is proven first.

    Args:
        model: the ONNX file.
        labels: text file with one label a line, in the order of the network's outputs.
        size: input size in pixels, 224 or WIDTHxHEIGHT.
        mean: subtracted from pixel values 0..255; one number or three, as 123.675,116.28,103.53.
        std: divides what is left, in pixel values too; x / 127.5 - 1 is mean 127.5, std 127.5.
        out: folder of the bundle.
        layout: order of the network's own input.
        colour: order of channels that the network was trained with.
        activation: how scores become probabilities; `auto` looks at the network's last nodes.
        scores: what the network gives; `auto` looks at its last nodes and values.
        output: which output holds the scores, where several could.
        resize: how a frame of another shape is brought to the input's.
        filter_: how pixels are resampled.
        name: name of the bundle; the file's own if not given.
        bundle_version: version of the bundle.
        golden: folder of photos for the golden frames; frames are drawn if not given.
        overwrite: replace a bundle that is there.
    """
    width, height = parse_size(size)
    spec = ImportSpec(
        labels=read_labels(labels),
        input=InputSpec(width, height, resize, filter_),
        mean=parse_channels("mean", mean),
        std=parse_channels("std", std),
        layout=layout,
        colour=colour,
        activation=activation,
        scores=scores,
        output=output,
        name=name,
        version=bundle_version,
        golden=golden,
        overwrite=overwrite,
    )
    bundle = import_model(model, spec, out)
    sys.stdout.write(f"{bundle.folder}\n")


@app.command
def build(
    bundle: Path,
    *,
    engine: catalogue.Choice = "auto",
    precision: Precision = "fp32",
    max_batch: BatchSize = catalogue.DEFAULT_MAX_BATCH,
    into: Path | None = None,
    reuse: bool = False,
) -> None:
    """Compile a bundle for this machine, prove it equal to the reference, measure its cost.

    Args:
        bundle: folder of the bundle.
        engine: engine to build; `auto` takes the best that this machine has.
        precision: arithmetic of the engine.
        max_batch: most frames in one run.
        into: folder for the engine; the bundle's own `engines` if not given.
        reuse: take an engine that fits and is there already.
    """
    opened = open_bundle(bundle)
    chosen = catalogue.choose(engine)
    _tell(f"{chosen.kind}: {chosen.why}")
    spec = BuildSpec(chosen.kind, precision, max_batch, reuse)
    folder = build_engine(opened, spec, into or opened.engines, _tell)
    sys.stdout.write(f"{folder}\n")


@app.command
def verify(bundle: Path, *, json_: Annotated[bool, Parameter("--json")] = False) -> int:
    """Check a bundle's files and model, and prove each of its engines again on this machine.

    Args:
        bundle: folder of the bundle.
        json_: print the result for machines.
    """
    opened = open_bundle(bundle)
    check_model(opened)
    verdicts = [_verdict(opened, folder) for folder in _engine_folders(opened)]
    verdicts.insert(0, _reference_verdict(opened))
    if json_:
        _print_json({"bundle": str(bundle), "digest": opened.digest, "engines": verdicts})
    else:
        _print_verdicts(opened, verdicts)
    return DONE if all(verdict["passed"] for verdict in verdicts) else FAILED


def main() -> None:
    sys.exit(run_command_line(app))


def _tell(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def _engine_folders(bundle: Bundle) -> list[Path]:
    return sorted(path.parent for path in bundle.engines.glob(f"*/{RECORD}"))


def _reference_verdict(bundle: Bundle) -> dict[str, Any]:
    """The golden frames through the reference itself: does this machine decode and run alike?"""
    return {"engine": "reference", **asdict(certify_reference(bundle))}


def _verdict(bundle: Bundle, folder: Path) -> dict[str, Any]:
    try:
        return {"engine": folder.name, **asdict(verify_engine(bundle, folder).certificate)}
    except YardlightError as error:
        return {"engine": folder.name, "passed": False, "reason": str(error)}


def _print_json(document: Any) -> None:
    sys.stdout.write(json.dumps(document, indent=2, default=str) + "\n")


def _print_verdicts(bundle: Bundle, verdicts: list[dict[str, Any]]) -> None:
    table = Table("engine", "frames", "max error", "cosine", "agreement", "verdict")
    for verdict in verdicts:
        figures = (
            [
                str(verdict["frames"]),
                f"{verdict['max_error']:.1e}",
                f"{verdict['cosine']:.6f}",
                f"{verdict['agreement']:.0%}",
            ]
            if "frames" in verdict
            else ["", "", "", ""]
        )
        said = "equal" if verdict["passed"] else f"NOT EQUAL: {verdict['reason']}"
        table.add_row(escape(verdict["engine"]), *figures, escape(said))
    console = Console()
    heading = f"{bundle.folder}: {bundle.manifest.name} {bundle.manifest.version}"
    console.print(heading, markup=False)
    console.print(table)


if __name__ == "__main__":
    main()
