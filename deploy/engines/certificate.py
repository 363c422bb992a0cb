"""The parity certificate: how far an engine is from the FP32 reference, and what that rests on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Share:
    """A measured proportion with its bounds at 95 % confidence (Wilson)."""

    right: int
    of: int
    low: float
    high: float

    @property
    def value(self) -> float:
        return self.right / self.of if self.of else 0.0

    def __str__(self) -> str:
        return f"{self.value:.3f} ({self.low:.3f} to {self.high:.3f})"


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a folder of photos says of an engine, through the production decode."""

    photos: int
    max_error: float
    """Largest absolute difference of a logit, as a fraction of the largest reference logit."""
    mean_cosine: float
    min_cosine: float
    agreement: float
    """Fraction of photos with the same top label as from the reference."""
    accuracy: Share | None = None
    """Of the engine, where the folders bear labels; so are the two below."""
    reference_accuracy: Share | None = None
    by_label: Mapping[str, Share] = field(default_factory=dict)

    @property
    def drop(self) -> float | None:
        """Accuracy that the engine loses against the reference; None without labels."""
        if self.accuracy is None or self.reference_accuracy is None:
            return None
        return self.reference_accuracy.value - self.accuracy.value


@dataclass(frozen=True, slots=True)
class Certificate:
    """How far an engine is from the FP32 reference, judged on `logits`."""

    frames: int
    """Golden frames of the bundle; the figures down to `agreement` are of them alone."""
    max_error: float
    """Largest absolute difference of a logit, as a fraction of the largest reference logit."""
    cosine: float
    """Smallest cosine between an engine's logits and the reference's over all frames."""
    agreement: float
    """Fraction of frames with the same top label through the production decode."""
    passed: bool
    reason: str
    """Why it did not pass, empty if it did."""
    mean_cosine: float | None = None
    """None in records of version 0.1, which did not measure it."""
    evidence: Evidence | None = None
    """What photos say, where a folder of them was given."""


def parse_certificate(document: Mapping[str, Any]) -> Certificate:
    """Read a certificate from JSON.

    Raises:
        TypeError, KeyError, AttributeError: a field is missing, unknown or of another type.
    """
    evidence = document.get("evidence")
    read = Certificate(**{**document, "evidence": None if evidence is None else _parse(evidence)})
    if not isinstance(read.passed, bool):
        raise TypeError(f"certificate.passed is {read.passed!r}, expected true or false")
    return read


def _parse(document: Mapping[str, Any]) -> Evidence:
    shares = {name: _share(document[name]) for name in ("accuracy", "reference_accuracy")}
    by_label = {label: Share(**share) for label, share in document["by_label"].items()}
    return Evidence(**{**document, **shares, "by_label": by_label})


def _share(document: Mapping[str, Any] | None) -> Share | None:
    return None if document is None else Share(**document)
