"""W3C trace context: what a `traceparent` header says."""

import re

_WRITTEN = re.compile(
    r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}"
)
# From https://www.w3.org/TR/trace-context/: lower case, no zero ids, version ff is none. Later
# versions may append fields after a dash.


def trace_id(traceparent: str | None) -> str | None:
    """The 32 hexadecimal digits of the trace; None where there is none or it is not well-formed."""
    if traceparent is None:
        return None
    found = _WRITTEN.match(traceparent)
    if found is None or traceparent[found.end() : found.end() + 1] not in ("", "-"):
        return None
    return found[1]
