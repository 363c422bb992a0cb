"""Why a bundle is not to be had, as everybody may read it."""

import re

from deploy.bundle.errors import Fatal, YardlightError
from deploy.bundle.printable import printable

_LONGEST = 1000
_LOGIN = re.compile(r"(\w://)[^/\s@]*@")


class Missing(Fatal):
    """There is no such file."""


class Denied(Fatal):
    """It may not be read; whoever may not list a folder is told so of what is not there, too."""


def sentence_of(error: Exception) -> str:
    """What went wrong, for a topic that many read: of a length that any takes, and without the
    logins of proxies and endpoints that drivers repeat.
    """
    sentence = printable(_LOGIN.sub(r"\1…@", _said(error)))
    return sentence if len(sentence) <= _LONGEST else f"{sentence[:_LONGEST]}…"


def _said(error: Exception) -> str:
    if isinstance(error, YardlightError):
        return str(error)
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return f"{type(error).__name__}: {error}"
