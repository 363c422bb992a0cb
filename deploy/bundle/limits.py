"""What a frame may cost."""

from dataclasses import dataclass

_MEGA = 1_000_000


@dataclass(frozen=True, slots=True)
class Limits:
    """What a frame may cost. Beyond them it is refused before it is decoded."""

    max_bytes: int = 4 << 20
    max_pixels: int = 40 * _MEGA
