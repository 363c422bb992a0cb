"""`yardlight-deploy inspect`."""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

from cyclopts import App, Parameter
from rich.console import Console

from deploy.bundle.signature import read_trust
from deploy.bundle.typed import Files
from deploy.inspection.comparison import compare
from deploy.inspection.comparison_text import show_comparison
from deploy.inspection.contents import document_of, look_into
from deploy.inspection.text import show

_Flag = Annotated[bool, Parameter(negative="")]


def add_to(app: App) -> None:
    """Put this command on a command line."""
    app.command(inspect)


def inspect(
    bundle: Path,
    other: Path | None = None,
    /,
    *,
    trust: Files = (),
    open_engines: _Flag = False,
    json_: Annotated[bool, Parameter("--json", negative="")] = False,
) -> None:
    """Show what a bundle holds, or how another one differs from it.

    Args:
        bundle: folder of the bundle.
        other: folder of another bundle: what would change with it, for subscribers first.
        trust: public keys, of which one must have signed; several by commas or given again.
        open_engines: load each engine that fits this machine and show its own layers with their
            precisions; an engine is native code, so trust whoever made it.
        json_: print it for machines.
    """
    keys = read_trust(trust)
    contents = look_into(bundle, keys, open_engines=open_engines)
    if other is None:
        if json_:
            _print_json(document_of(contents))
        else:
            show(contents, Console())
        return
    found = compare(contents, look_into(other, keys, open_engines=open_engines))
    if json_:
        _print_json(asdict(found))
    else:
        show_comparison(found, Console())


def _print_json(document: Any) -> None:
    sys.stdout.write(json.dumps(document, indent=2, default=str) + "\n")
