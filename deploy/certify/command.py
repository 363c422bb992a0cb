"""`yardlight-deploy verify`."""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from deploy.bundle.command import DONE, FAILED
from deploy.bundle.manifest import Bundle, open_bundle
from deploy.certify.photos import find_photos
from deploy.certify.verify import Verdict, verify
from deploy.engines.certificate import Certificate


def command(
    bundle: Path,
    *,
    data: Path | None = None,
    write: bool = False,
    json_: Annotated[bool, Parameter("--json")] = False,
) -> int:
    """Check a bundle's files and model, and prove each of its engines again on this machine.

    Args:
        bundle: folder of the bundle.
        data: folder of photos to prove them with beside the golden frames; accuracy is measured
            where every photo lies in a folder named as its label.
        write: put the new certificates into each engine.json; a signed engine must be signed anew.
        json_: print the result for machines.
    """
    opened = open_bundle(bundle)
    photos = None if data is None else find_photos(data, opened, option="--data", least=1)
    verdicts = verify(opened, photos, write=write)
    if json_:
        document = {
            "bundle": str(bundle),
            "digest": opened.digest,
            "engines": [_document(verdict) for verdict in verdicts],
        }
        sys.stdout.write(json.dumps(document, indent=2, default=str) + "\n")
    else:
        _print(opened, verdicts)
    return DONE if all(verdict.passed for verdict in verdicts) else FAILED


def _document(verdict: Verdict) -> dict[str, object]:
    """A verdict with its certificate's figures beside it."""
    figures = {} if verdict.certificate is None else asdict(verdict.certificate)
    return {**figures, "engine": verdict.engine, "passed": verdict.passed, "reason": verdict.reason}


def _print(bundle: Bundle, verdicts: tuple[Verdict, ...]) -> None:
    table = Table("engine", "frames", "max error", "cosine", "agreement", "verdict")
    for verdict in verdicts:
        said = "equal" if verdict.passed else f"NOT EQUAL: {verdict.reason}"
        figures = _golden(verdict.certificate)
        table.add_row(escape(verdict.engine), *figures, escape(said))
    console = Console()
    heading = f"{bundle.folder}: {bundle.manifest.name} {bundle.manifest.version}"
    console.print(heading, markup=False)
    console.print(table)
    if any(verdict.certificate and verdict.certificate.evidence for verdict in verdicts):
        console.print(_photos(verdicts))
        console.print(_labels(verdicts))


def _golden(found: Certificate | None) -> tuple[str, ...]:
    if found is None:
        return ("", "", "", "")
    error, cosine = f"{found.max_error:.1e}", f"{found.cosine:.6f}"
    return str(found.frames), error, cosine, f"{found.agreement:.0%}"


def _photos(verdicts: tuple[Verdict, ...]) -> Table:
    columns = ("photos", "max error", "mean cosine", "least", "agreement", "accuracy", "drop")
    table = Table("engine", *columns)
    for verdict in verdicts:
        if verdict.certificate is None or (seen := verdict.certificate.evidence) is None:
            continue
        accuracy = "" if seen.accuracy is None else str(seen.accuracy)
        drop = "" if seen.drop is None else f"{seen.drop:+.3f}"
        cosine, least = f"{seen.mean_cosine:.6f}", f"{seen.min_cosine:.6f}"
        error, same = f"{seen.max_error:.1e}", f"{seen.agreement:.1%}"
        name = escape(verdict.engine)
        table.add_row(name, str(seen.photos), error, cosine, least, same, accuracy, drop)
    return table


def _labels(verdicts: tuple[Verdict, ...]) -> Table:
    seen = [
        (verdict.engine, verdict.certificate.evidence.by_label)
        for verdict in verdicts
        if verdict.certificate is not None and verdict.certificate.evidence is not None
    ]
    table = Table("accuracy of", *(escape(name) for name, _ in seen))
    for label in seen[0][1]:
        table.add_row(escape(label), *(str(shares[label]) for _, shares in seen))
    return table
