"""What may be typed for a roll-out: how it is tried, what it must keep to, which bundle it is."""

import re
from dataclasses import dataclass
from typing import Annotated, TypeAlias

from cyclopts import Parameter

from deploy.bundle.typed import AboveZero, Fraction
from edge.rollout.words import DIGEST, Bounds, ShadowPlan
from edge.setting_types import Frames, ShareAboveZero


def _digest(_: type, digest: str | None) -> None:
    if digest is not None and not re.fullmatch(DIGEST, digest):
        raise ValueError(
            f"{digest!r} is no digest of a bundle: sha256: and 64 hexadecimal digits, as "
            "`yardlight-deploy inspect` says it."
        )


BundleDigest: TypeAlias = Annotated[str, Parameter(validator=_digest)]


@Parameter(name="*", group="Trial")
@dataclass(frozen=True, slots=True, kw_only=True)
class TrialSettings:
    """How nodes try a bundle, and what it must keep to."""

    shadow_frames: Frames = ShadowPlan().frames
    """Live frames that it is compared on beside the one that serves, and then watched for at work;
    0 puts it to work at once, where it is watched for 100."""

    shadow_share: ShareAboveZero = ShadowPlan().share
    """Share of the live frames that it is shown, 0 to 1: so much more work a node has meanwhile."""

    min_agreement: Fraction = Bounds().agreement
    """Least share of frames that must get the label which is served."""

    max_latency_ratio: AboveZero = Bounds().latency_ratio
    """Most time for a batch, as a multiple of what the bundle that is served needs."""

    max_errors: Fraction = Bounds().errors
    """Largest share of frames that its engine may fail on."""

    @property
    def shadow(self) -> ShadowPlan:
        return ShadowPlan(self.shadow_frames, self.shadow_share)

    @property
    def bounds(self) -> Bounds:
        return Bounds(self.min_agreement, self.max_latency_ratio, self.max_errors)
