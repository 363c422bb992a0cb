"""When a certificate expires."""

import time

from edge.doctor.finding import Finding, ok, warn

_SOON_SECONDS = 14 * 86_400.0


def expires(check: str, until: float) -> Finding:
    """A certificate that is valid until then, in Unix seconds."""
    day = time.strftime("%Y-%m-%d", time.gmtime(until))
    if until - time.time() < _SOON_SECONDS:
        return warn(check, f"expires on {day}", "Renew it; a new file counts without a restart.")
    return ok(check, f"valid until {day}")
