"""`yardlight-deploy bench`."""

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter, Token
from rich.console import Console

from deploy.bench.candidate import keep
from deploy.bench.comparison import BenchSpec, Comparison, compare
from deploy.bench.plot import Curve, plot
from deploy.bench.table import names_of, show
from deploy.bundle.command import DONE, FAILED, tell
from deploy.bundle.errors import Fatal
from deploy.bundle.manifest import Bundle, open_bundle
from deploy.bundle.signature import read_trust
from deploy.bundle.typed import MOST_FRAMES_IN_ONE_RUN, AboveZero, Files
from deploy.engines.kinds import EngineKind, Precision


def _numbers(_: type, tokens: Sequence[Token]) -> tuple[int, ...]:
    words = [word for token in tokens for word in token.value.split(",")]
    if not all(word.strip().isdecimal() for word in words):
        raise ValueError("expected whole numbers with commas between them, as 1,2,4")
    numbers = tuple(map(int, words))
    if not all(1 <= number <= MOST_FRAMES_IN_ONE_RUN for number in numbers):
        raise ValueError(f"each must be from 1 to {MOST_FRAMES_IN_ONE_RUN}")
    return numbers


_Numbers = Annotated[tuple[int, ...], Parameter(converter=_numbers, negative="")]
_Flag = Annotated[bool, Parameter(negative="")]


def command(
    bundle: Path,
    *others: Path,
    engine: Annotated[tuple[EngineKind, ...], Parameter(negative="")] = (),
    precision: Annotated[tuple[Precision, ...], Parameter(negative="")] = (),
    batches: _Numbers = (),
    seconds: AboveZero = 2.0,
    engines: Path | None = None,
    trust: Files = (),
    plot_: Annotated[Path | None, Parameter("--plot")] = None,
    dry: _Flag = False,
    json_: Annotated[bool, Parameter("--json", negative="")] = False,
) -> int:
    """Measure what a run costs, by batch size, on every engine of a bundle that fits this machine.

    Of several bundles, all engines are measured in turn: what INT8 gains over FP32, for example.
    What was found goes into each `engine.json`, where the service plans its batches with it.
    Exit status: 0 measured, 1 an engine failed or none could be measured.

    Args:
        bundle: folder of the bundle.
        others: folders of more bundles to measure beside it.
        engine: engines to measure; may be given again. All that are there if not given.
        precision: precisions to measure; may be given again.
        batches: batch sizes, as 1,2,4; powers of two and the largest if not given.
        seconds: of runs for each batch size of each engine.
        engines: folder of the engines; the bundle's own `engines` if not given. For one bundle.
        trust: public keys, of which one must have signed; several by commas or given again.
        plot_: draw the curves into this file, as SVG.
        dry: leave each engine.json as it is.
        json_: print it for machines.
    """
    if engines is not None and others:
        raise Fatal("--engines is the folder of one bundle's engines: name one bundle")
    opened = [open_bundle(folder) for folder in (bundle, *others)]
    places = {engines or each.engines: each for each in opened}
    spec = BenchSpec(engine, precision, batches, seconds)
    vouch = read_trust(trust).vouch
    found = compare(places, spec, vouch, tell)
    for one in found.left:
        tell(f"not measured: {one.reason}")
    if plot_ is not None:
        pairs = zip(names_of(found), found.measured, strict=True)
        curves = [Curve(name, one.found) for name, one in pairs]
        plot_.write_text(plot(_title(opened), curves), encoding="utf-8")
    if json_:
        sys.stdout.write(json.dumps(_document(opened, found), indent=2) + "\n")
    else:
        show(found, Console())
    if not dry:
        _keep(found)
    failed = not found.measured or any(one.failed for one in found.left)
    return FAILED if failed else DONE


def _keep(found: Comparison) -> None:
    for one in found.measured:
        if not keep(one):
            tell(
                f"{one.folder} is signed, so its record stays as it is: "
                "remove the signature, measure, and sign it again"
            )


def _title(bundles: Sequence[Bundle]) -> str:
    return ", ".join(f"{each.manifest.name} {each.manifest.version}" for each in bundles)


def _document(bundles: Sequence[Bundle], found: Comparison) -> dict[str, Any]:
    return {
        "bundles": [{"folder": str(each.folder), "digest": each.digest} for each in bundles],
        "conditions": found.conditions,
        "engines": [
            {"folder": str(one.folder), **asdict(one.record.fingerprint), **asdict(one.found)}
            for one in found.measured
        ],
        "left": [{**asdict(one), "folder": str(one.folder)} for one in found.left],
    }
