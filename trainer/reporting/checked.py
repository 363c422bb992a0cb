"""What `check` found in the data set, as far as it is known where the report is written."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_CHECK = "check.json"
_SCHEMA = "yardlight.check/1"


@dataclass(frozen=True, slots=True)
class Checked:
    findings: Mapping[str, int]
    """Kind → how many."""
    digest: str
    """Of the data set that was checked."""


def read_checked(data: Path) -> Checked | None:
    """Read DATA-check/check.json, where `check` writes it; None where there is none."""
    place = data.resolve()
    try:
        found = json.loads((place.with_name(f"{place.name}-check") / _CHECK).read_text("utf-8"))
        if found["schema"] != _SCHEMA:
            return None
        kinds = Counter(str(finding["kind"]) for finding in found["findings"])
        return Checked(dict(kinds.most_common()), str(found["digest"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
