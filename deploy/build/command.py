"""`yardlight-deploy build`."""

import sys
from pathlib import Path

from deploy.build.engine import BuildSpec, build_engine, compile_engine
from deploy.build.nvidia.builder import MIB, Options
from deploy.bundle.command import tell
from deploy.bundle.manifest import open_bundle
from deploy.bundle.typed import BatchSize, Positive
from deploy.certify.photos import find_photos
from deploy.engines import catalogue
from deploy.engines.kinds import DEFAULT_MAX_BATCH, Choice, Precision


def command(
    bundle: Path,
    *,
    engine: Choice = "auto",
    precision: Precision = "fp32",
    max_batch: BatchSize = DEFAULT_MAX_BATCH,
    data: Path | None = None,
    into: Path | None = None,
    reuse: bool = False,
    compile_only: bool = False,
    workspace: Positive = 1024,
    dla: bool = False,
    refit: bool = False,
    version_compatible: bool = False,
) -> None:
    """Compile a bundle for this machine, prove it equal to the reference, measure its cost.

    Args:
        bundle: folder of the bundle.
        engine: engine to build; `auto` takes the best that this machine has.
        precision: arithmetic of the engine; int8 needs a bundle that `quantise` made.
        max_batch: most frames in one run.
        data: folder of photos to prove it with beside the golden frames; accuracy is measured
            where every photo lies in a folder named as its label.
        into: folder for the engine; the bundle's own `engines` if not given.
        reuse: take an engine that fits and is there already.
        compile_only: compile and prove nothing, on a machine without the engine's GPU: no engine is
            made, only the compiled file, for a look at it.
        workspace: most scratch memory of an NVIDIA engine, in MiB.
        dla: run on the deep learning accelerator of a Jetson, with batches of max-batch only.
        refit: let weights of an NVIDIA engine be replaced later.
        version_compatible: let later versions of TensorRT load the engine.
    """
    opened = open_bundle(bundle)
    photos = None if data is None else find_photos(data, opened, option="--data", least=1)
    chosen = catalogue.choose(engine)
    tell(f"{chosen.kind}: {chosen.why}")
    options = Options(max_batch, workspace * MIB, dla, refit, version_compatible)
    spec = BuildSpec(chosen.kind, precision, max_batch, reuse, photos, options)
    make = compile_engine if compile_only else build_engine
    folder = make(opened, spec, into or opened.engines, tell)
    sys.stdout.write(f"{folder}\n")
