"""What the end of a child says of the frame that it had in hand. Pure rules."""

import signal

from deploy.bundle.errors import BadFrame, Unavailable

_BY_ITS_OWN_FAULT = {
    signal.SIGSEGV: "segmentation fault",
    signal.SIGBUS: "bus error",
    signal.SIGILL: "illegal instruction",
    signal.SIGFPE: "arithmetic error",
    signal.SIGABRT: "aborted",
    signal.SIGTRAP: "trap",
    signal.SIGSYS: "forbidden system call",
    signal.SIGXFSZ: "file size limit",
}
"""What a process gets for what it does itself. Every other signal, above all SIGKILL from a person,
a supervisor or a machine that is short of memory, comes from outside and convicts nobody."""


def of_end(status: int | None, doing: str) -> BadFrame | Unavailable:
    """What a child's end means.

    Args:
        status: negative for a signal, as `subprocess` gives it; None if it went on and talked
            nonsense.
    """
    if status is None:
        return BadFrame("crashed", f"{doing} made the process talk nonsense")
    if status >= 0:
        return BadFrame("crashed", f"{doing} ended the process, with exit status {status}")
    name = _name(-status)
    for number, words in _BY_ITS_OWN_FAULT.items():
        if number == -status:
            return BadFrame("crashed", f"{doing} ended the process by {name} ({words})")
    return Unavailable(f"a child was ended from outside by {name} while {doing} went on")


def of_silence(seconds: float, doing: str) -> BadFrame:
    return BadFrame("hung", f"{doing} was not over after {seconds:g} s")


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
