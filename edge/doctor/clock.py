"""Whether this machine and the brokers agree on the time."""

from collections.abc import Callable, Iterator

from edge.doctor.finding import Finding, fail, ok, warn
from edge.kafka.inventory import SkewUnknown, clock_skew
from edge.settings.kafka import KafkaSettings

_NOTICEABLE = 1.0
_WRONG = 60.0
_ADVICE = "Let both take their time from the same source (chrony, systemd-timesyncd)."


def check_clock(kafka: KafkaSettings, wall: Callable[[], float]) -> Iterator[Finding]:
    """Latency is measured across both clocks, and certificates are judged by ours.

    Raises:
        Unavailable: no broker answers.
    """
    try:
        skew = clock_skew(kafka, wall)
    except SkewUnknown as why:
        yield warn("clock", f"not compared: {why}", "Compare `date` here and on the broker.")
        return
    away = max(0.0, abs(skew.seconds) - skew.uncertainty)
    behind = "behind" if skew.seconds > 0 else "ahead of"
    found = f"{abs(skew.seconds):.1f} s {behind} the broker's, ±{skew.uncertainty:.2f} s"
    if away > _WRONG:
        yield fail("clock", found, _ADVICE)
    elif away > _NOTICEABLE:
        yield warn("clock", found, _ADVICE)
    else:
        yield ok("clock", f"agrees with the broker's ({skew.seconds:+.2f} s)")
