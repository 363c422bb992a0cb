"""Grafana's own definition of a dashboard as a JSON Schema: its TypeScript types, from npm."""

import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

from tests.ending import finished
from tests.loudly import NotHere

_CACHE = Path(__file__).parents[2] / ".cache"
_VERSION = "13.2.3"
_PACKAGES = (f"@grafana/schema@{_VERSION}", "ts-json-schema-generator@2.4.0", "typescript@7.0.2")
_TYPES = "node_modules/@grafana/schema/dist/types/raw/dashboard/x/types.gen.d.ts"


def dashboard_schema() -> dict[str, Any]:
    """The schema; made once, with npm.

    Raises:
        NotHere: there is no npm, or it cannot fetch the packages.
    """
    path = _CACHE / f"grafana-dashboard-{_VERSION}.schema.json"
    if not path.exists():
        if shutil.which("npm") is None:
            raise NotHere("Grafana's schema of dashboards needs npm: there is no `npm` here.")
        _CACHE.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=_CACHE) as folder:
            made = _make(Path(folder))
            made.replace(path)
    schema: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return schema


def _make(folder: Path) -> Path:
    _run(folder, "npm", "install", "--no-audit", "--no-fund", "--prefix", ".", *_PACKAGES)
    options = ("--path", _TYPES, "--type", "Dashboard", "--no-type-check", "--out", "schema.json")
    _run(folder, "npx", "ts-json-schema-generator", *options)
    return folder / "schema.json"


def _run(folder: Path, *command: str) -> None:
    done = finished(command, cwd=folder)
    if done.returncode:
        raise NotHere(f"Grafana's schema is not here: {command[0]} said {done.stderr.strip()}")
