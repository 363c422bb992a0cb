"""`yardlight-deploy`: bundles in, proven engines out."""

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from deploy.bench import command as bench
from deploy.build import command as build
from deploy.bundle.command import command_line, run_command_line
from deploy.bundle.manifest import Filter, InputSpec, Resize
from deploy.certify import command as verify
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
from deploy.quantise import command as quantise
from deploy.signing import command as signing

app = command_line("yardlight-deploy", "Turn models into bundles and bundles into proven engines.")
app.command(build.command, name="build")
app.command(quantise.command, name="quantise")
app.command(verify.command, name="verify")
app.command(bench.command, name="bench")
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


def main() -> None:
    sys.exit(run_command_line(app))


if __name__ == "__main__":
    main()
