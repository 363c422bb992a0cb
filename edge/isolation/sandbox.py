"""What a child gives up before it sees the first byte of a frame.

All of it is open to a process without any rights of its own, and none can be taken back. What is
not to be had on this kernel is left out: a limit less is no reason not to decode.
"""

import ctypes
import os
import resource
import signal
import struct
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from edge import process

# <linux/prctl.h>
_SET_DUMPABLE, _SET_NO_NEW_PRIVS = 4, 38
# <linux/landlock.h>; the numbers of its calls are the same on every processor.
_CREATE_RULESET, _RESTRICT_SELF = 444, 446
_VERSION = 1 << 0
_FILES = ((1, 0x1FFF), (2, 0x2000), (3, 0x4000), (5, 0x8000))
"""From which version on which ways to touch files can be denied."""
_TCP = (4, 0x3)
_SCOPES = (6, 0x3)
"""Sockets without a name in the file system, and signals to anybody outside."""


def end_with(parent: int) -> None:
    """Be killed when the thread that started this process ends, and leave the ending to it: neither
    Ctrl-C in its terminal nor a SIGTERM for all of a service's processes is meant for a child.
    """
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    process.end_with(parent)


def confine(memory: int, *, threads: bool) -> None:
    """No more files, connections, programs or rights; no core with pixels in it.

    Args:
        memory: bytes that may be allocated from now on.
        threads: whether new threads may be started, which an engine needs.
    """
    held = _address_space()
    # Answers and errors go to the parent by pipe; what a decoder prints goes nowhere.
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, sys.stderr.fileno())
    os.close(silence)
    if sys.platform == "linux":
        _libc().prctl(_SET_DUMPABLE, 0, 0, 0, 0)
        _libc().prctl(_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        _landlock()
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_FSIZE, 0)
    if not threads:
        _limit(resource.RLIMIT_NPROC, 0)
    if held is not None:
        _limit(resource.RLIMIT_AS, held + memory)
    # Last: what is open stays open, and nothing can be opened any more, sockets included.
    _limit(resource.RLIMIT_NOFILE, 0)


def _limit(what: int, value: int) -> None:
    with suppress(OSError, ValueError):
        resource.setrlimit(what, (value, value))


def _landlock() -> None:
    """Deny files, TCP, and signals and sockets to other processes, as far as this kernel can."""
    call = _libc().syscall
    version = call(_CREATE_RULESET, None, ctypes.c_size_t(0), _VERSION)
    if version < 1:
        return
    files = sum(ways for since, ways in _FILES if version >= since)
    words = [files, *(ways for since, ways in (_TCP, _SCOPES) if version >= since)]
    rules = struct.pack(f"={len(words)}Q", *words)
    ruleset = call(_CREATE_RULESET, rules, ctypes.c_size_t(len(rules)), 0)
    if ruleset >= 0:
        call(_RESTRICT_SELF, ruleset, 0)
        os.close(ruleset)


def _address_space() -> int | None:
    """Bytes of address space held now, None where the system does not tell."""
    try:
        pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[0]
    except OSError:
        return None
    return int(pages) * resource.getpagesize()


def _libc() -> Any:
    return ctypes.CDLL(None, use_errno=True)
