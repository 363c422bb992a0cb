"""A frame that came back: how often it was put back, and for which dead letter.

Both headers are set by `dead-letters replay` and handed on into whatever outcome the frame has.
"""

from edge.frame import Headers

HOPS = "yardlight_hops"
"""How often the frame was put back into its topic, as a decimal number."""
_MOST_DIGITS = 9
"""More than any frame has. Anybody may write the header, and Python refuses to read thousands."""
REPLAY_OF = "yardlight_replay_of"
"""`ce_id` of the dead letter that it was put back for."""


def hops_of(headers: Headers) -> int:
    """How often a frame was put back; what is not a number counts as never."""
    said = dict(headers).get(HOPS, b"")
    return int(said) if said.isdigit() and len(said) <= _MOST_DIGITS else 0


def handed_on(headers: Headers) -> list[tuple[str, bytes]]:
    """What the outcome of a frame repeats of its headers."""
    last = dict(headers)
    return [(name, last[name]) for name in (HOPS, REPLAY_OF) if name in last]


def put_back(headers: Headers, letter_id: str) -> list[tuple[str, bytes]]:
    """The headers with which a frame goes back: its own, one hop more, and for which letter."""
    own = [(name, value) for name, value in headers if name not in {HOPS, REPLAY_OF}]
    return [*own, (HOPS, str(hops_of(headers) + 1).encode()), (REPLAY_OF, letter_id.encode())]
