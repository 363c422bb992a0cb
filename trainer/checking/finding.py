"""What `check` finds: of which picture, what it is, and how sure that is."""

from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

Kind: TypeAlias = Literal[
    "unreadable",
    "duplicate",
    "disagreement",
    "near-duplicate",
    "leak",
    "wrong-label",
    "outlier",
    "blurred",
    "dark",
    "odd-sized",
]
KINDS: tuple[Kind, ...] = get_args(Kind)
CERTAIN: frozenset[Kind] = frozenset({"unreadable", "duplicate"})
"""Nobody has to look at these to know that they can go."""

MEANING: dict[Kind, str] = {
    "unreadable": "Cannot be decoded: damaged, cut short, or no picture at all.",
    "duplicate": "The same bytes as another picture with the same label; that one stays.",
    "disagreement": "The same bytes as another, under another label: one of them is wrong.",
    "near-duplicate": "Shows the same as another: re-encoded, resized, cut, brightened, mirrored.",
    "leak": "Shows the same as a picture of the other split: what is measured was learned.",
    "wrong-label": "A classifier that never saw it is sure of something else.",
    "outlier": "Resembles nothing else in the data set.",
    "blurred": "Has hardly any edges.",
    "dark": "Even its lightest parts are dark.",
    "odd-sized": "Much smaller or larger than the others, or a narrow strip.",
}


@dataclass(frozen=True, slots=True)
class Finding:
    kind: Kind
    path: str
    """Relative to the data set, with slashes."""
    says: str
    """Why, for a person."""
    score: float = 0.0
    """0 is the worst; findings of a kind are shown in this order."""
    other: str | None = None
    """The picture that it is compared with."""
    suggests: str | None = None
    """The label that it should have."""
