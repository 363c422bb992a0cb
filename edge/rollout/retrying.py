"""How often a bundle that is not to be had now is asked for again, and after how long: pure."""

from dataclasses import dataclass

MOST_TRIES = 60
"""In which nothing new came: about an hour."""
_FIRST_BACKOFF, _LONGEST_BACKOFF = 1.0, 60.0


@dataclass(slots=True)
class Retrying:
    """Of one bundle. Whatever comes is a new beginning: a thin link may break a thousand times."""

    tries: int = 0
    """That failed one after the other, without a byte."""
    _came: int = 0

    def failed(self, came: int) -> float | None:
        """Seconds until the next try; None after the last.

        Args:
            came: bytes of the bundle that are here.
        """
        if came > self._came:
            self.tries, self._came = 0, came
        self.tries += 1
        if self.tries >= MOST_TRIES:
            return None
        return float(min(_FIRST_BACKOFF * 2 ** (self.tries - 1), _LONGEST_BACKOFF))

    def text(self) -> str:
        """For whoever looks at the node."""
        here = f", {self._came / 1e6:.1f} MB of it are here" if self._came else ""
        return f"try {self.tries} of {MOST_TRIES}{here}"
