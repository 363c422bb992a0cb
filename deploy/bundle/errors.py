"""What can go wrong, named by what the caller must do about it."""


class YardlightError(Exception):
    """The root of every error that Yardlight raises on purpose."""


class BadFrame(YardlightError):  # noqa: N818 - it says what the caller must do
    """This frame can never be classified: dead-letter it and go on with the next one.

    `reason` is a short stable word for metrics and headers (`truncated`, `empty`, `too-large` …);
    the message says what was expected, what was found and where.
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class Unavailable(YardlightError):  # noqa: N818 - it says what the caller must do
    """Something outside is not there now: wait with backoff and try again."""


class Fatal(YardlightError):  # noqa: N818 - it says what the caller must do
    """Going on would be wrong: stop, exit non-zero, say why."""


class BundleError(Fatal):
    """The bundle is not what its manifest says, or says something this version cannot honour."""


class MissingDriver(Fatal):
    """An optional package is not installed; the message names the extra that brings it."""

    def __init__(self, package: str, extra: str) -> None:
        super().__init__(f"{package} is not installed: pip install 'yardlight[{extra}]'")
