"""Whether a candidate keeps to its bounds, as soon as that is certain."""

from dataclasses import dataclass

from edge.rollout.words import Bounds, Figures


@dataclass(frozen=True, slots=True)
class Verdict:
    """`broken` is a sentence, empty where no bound is."""

    decided: bool
    broken: str = ""

    @property
    def passed(self) -> bool:
        return self.decided and not self.broken


UNDECIDED = Verdict(decided=False)
PASSED = Verdict(decided=True)


def judge(figures: Figures, bounds: Bounds, wanted: int) -> Verdict:
    """Undecided until `wanted` frames were compared, or no frames that follow could mend it.

    The time for a batch is judged at the end alone: the first runs of an engine are slow.
    """
    if (broken := _beyond_mending(figures, bounds, max(wanted, figures.frames))) is not None:
        return Verdict(decided=True, broken=broken)
    if figures.frames < wanted:
        return UNDECIDED
    times = figures.latency_ratio
    if times is not None and times > bounds.latency_ratio:
        most = f"at most {bounds.latency_ratio:g} times as long are allowed"
        return Verdict(decided=True, broken=f"a batch takes {times:.2f} times as long, {most}")
    return PASSED


def _beyond_mending(figures: Figures, bounds: Bounds, wanted: int) -> str | None:
    if figures.errors > bounds.errors * wanted:
        return (
            f"the engine failed on {figures.errors} of {figures.frames} frames, a share of "
            f"{bounds.errors:g} is allowed"
        )
    if figures.agreement is None:
        return None
    differing = round((1 - figures.agreement) * figures.frames)
    if differing > (1 - bounds.agreement) * wanted + 1e-9:
        return (
            f"{figures.agreement:.1%} of {figures.frames} frames got the label that is served, at "
            f"least {bounds.agreement:.1%} must"
        )
    return None
