"""What a few photos changed: said to the user, and kept in the new bundle's report."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from trainer.report import FOLDER


@dataclass(frozen=True, slots=True)
class Share:
    """So many right of so many."""

    right: int
    pictures: int

    def __str__(self) -> str:
        return f"{self.right} of {self.pictures}"


@dataclass(frozen=True, slots=True)
class Outcome:
    labels: tuple[str, ...]
    added: tuple[str, ...]
    photos: Mapping[str, int]
    unseen: Share
    """Of the photos, each called by a layer that had not learned from it."""
    before: Share
    """Of old pictures, before the photos were learned; they have old labels only."""
    after: Share
    measured_on: str

    def lines(self) -> tuple[str, ...]:
        lost = (self.before.right - self.after.right) / self.before.pictures
        added = f"new: {', '.join(self.added)}" if self.added else "no new label"
        return (
            f"{len(self.labels)} labels, {added}",
            f"photos right when left out of learning: {self.unseen}",
            f"old pictures right: {self.before} before, {self.after} now",
            f"lost: {100 * lost:+.1f} points, on {self.measured_on}",
        )


def write_outcome(draft: Path, outcome: Outcome) -> None:
    """Write `report/extend.json` into a bundle that is being made."""
    place = draft / FOLDER
    place.mkdir(exist_ok=True)
    text = json.dumps(asdict(outcome), indent=2, ensure_ascii=False) + "\n"
    (place / "extend.json").write_text(text, encoding="utf-8")
