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
from rich.text import Text

from deploy.build import command as build
from deploy.bundle.command import command_line, run_command_line
from deploy.bundle.manifest import Bundle, Filter, InputSpec, Resize, open_bundle
from deploy.certify import command as verify
from deploy.engines.record import RECORD, EngineRecord, read_record
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
from deploy.quantise import command as quantise

app = command_line("yardlight-deploy", "Turn models into bundles and bundles into proven engines.")
app.command(build.command, name="build")
app.command(quantise.command, name="quantise")
app.command(verify.command, name="verify")


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
def inspect(bundle: Path, *, json_: Annotated[bool, Parameter("--json")] = False) -> None:
    """Show what a bundle holds: labels, input, outputs, files, provenance, engines.

    Args:
        bundle: folder of the bundle.
        json_: print it for machines.
    """
    opened = open_bundle(bundle)
    records = {folder.name: read_record(folder) for folder in _engine_folders(opened)}
    if json_:
        engines = {name: asdict(record) for name, record in records.items()}
        _print_json({"digest": opened.digest, **asdict(opened.manifest), "engines": engines})
    else:
        _print_bundle(opened, records)


def main() -> None:
    sys.exit(run_command_line(app))


def _engine_folders(bundle: Bundle) -> list[Path]:
    return sorted(path.parent for path in bundle.engines.glob(f"*/{RECORD}"))


def _print_json(document: Any) -> None:
    sys.stdout.write(json.dumps(document, indent=2, default=str) + "\n")


def _print_bundle(bundle: Bundle, records: dict[str, EngineRecord]) -> None:
    manifest, console = bundle.manifest, Console()
    shape = f"{manifest.input.width}x{manifest.input.height}"
    console.print(
        Text(manifest.name, "bold"), f"{manifest.version}   {bundle.digest}", markup=False
    )
    console.print(f"input    {shape} RGB, {manifest.input.resize}, {manifest.input.filter}")
    extra = ", ".join(manifest.outputs.extra) or "-"
    console.print(f"outputs  {manifest.outputs.activation}, also {extra}", markup=False)
    shown = ", ".join(manifest.labels[:12])
    more = f" … {len(manifest.labels)} in all" if len(manifest.labels) > 12 else ""  # noqa: PLR2004
    console.print(f"labels   {shown}{more}", markup=False)
    files = Table("file", "bytes", "sha256")
    for path, digest in manifest.files.items():
        files.add_row(escape(path), str((bundle.folder / path).stat().st_size), digest[:16])
    console.print(files)
    for key, value in manifest.provenance.items():
        console.print(f"{key}: {value}", markup=False, highlight=False)
    for name, record in records.items():
        cost = ", ".join(f"{n}: {1000 * s:.1f} ms" for n, s in record.cost.points)
        console.print(f"engine {name}: {record.fingerprint.builder}; {cost}", markup=False)


if __name__ == "__main__":
    main()
