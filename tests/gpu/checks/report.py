"""What a check found: figures, or why it was skipped."""

import json
from collections.abc import Callable, Mapping
from typing import TypeAlias

from deploy.bundle.errors import YardlightError

Figures: TypeAlias = Mapping[str, object]


def lines(name: str, check: Callable[[], Figures]) -> str:
    """One line of JSON: the figures of a check, or under `skipped` what is missing here."""
    try:
        return json.dumps({"check": name, **check()})
    except YardlightError as absent:
        return json.dumps({"check": name, "skipped": str(absent)})
