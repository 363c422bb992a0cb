"""Words of others, as they may be shown: whoever chose them must not steer a terminal or a page."""

_UNPRINTABLE = "\N{REPLACEMENT CHARACTER}"


def printable(text: str) -> str:
    """The text with everything replaced that cannot be printed, bytes that are no UTF-8 too."""
    return "".join(letter if letter.isprintable() else _UNPRINTABLE for letter in text)
