"""How every program of Yardlight starts, before any library is loaded."""

import gc
import importlib
import os
import signal
import sys

INTERRUPTED = 130
_PROGRAM = """
import sys
sys.path[:] = filter(None, sys.path)
from deploy.bundle.start import start
start(sys.argv.pop(1))
"""


def start(module: str) -> None:
    """Load a module and run its `main`; Ctrl-C while it loads ends the process with one word.

    Loading takes a second, and a library in the midst of it may swallow a KeyboardInterrupt or
    make another error of it. There is nothing to tidy up yet.
    """
    interruptible = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if interruptible:
        signal.signal(signal.SIGINT, _leave)
    # Modules stay for ever: looking among them for what may go takes a tenth of the time.
    gc.disable()
    main = importlib.import_module(module).main
    gc.freeze()
    gc.enable()
    if interruptible:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    main()


def own_program(module: str) -> list[str]:
    """The words that run a command line of ours, such as `edge.cli`, as a child process.

    `python -m` would look for it in the folder that the user is in first, and execute whatever is
    called `edge.py` or `deploy.py` there. (Python's own `-P` is newer than 3.10, and `-I` hides
    what was installed for this user alone.)
    """
    return [sys.executable, "-c", _PROGRAM, module]


def say_interrupted() -> None:
    """What is said of Ctrl-C, whenever it comes."""
    sys.stderr.write("interrupted\n")
    sys.stderr.flush()


def _leave(*_: object) -> None:
    say_interrupted()
    os._exit(INTERRUPTED)
