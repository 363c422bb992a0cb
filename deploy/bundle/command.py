"""How every command of Yardlight ends: results on stdout, errors on stderr, one exit status."""

import os
import sys
from collections.abc import Sequence
from importlib.metadata import version

from cyclopts import App, CycloptsError
from rich.console import Console

from deploy.bundle.errors import YardlightError
from deploy.bundle.start import INTERRUPTED, say_interrupted

DONE, FAILED, WRONG_USAGE = 0, 1, 2


def command_line(name: str, summary: str) -> App:
    """An empty command line with `--help` and `--version`."""
    return App(
        name=name,
        help=summary,
        version=lambda: f"yardlight {version('yardlight')}",
        error_console=Console(stderr=True),
        suppress_keyboard_interrupt=False,
    )


def run_command_line(app: App, arguments: Sequence[str] | None = None) -> int:
    """Run the command that was typed, or `arguments`, and return its exit status.

    A command returns its own status or None for done. An error of ours is one line on stderr, and
    so is one of the machine's, such as a full disk or a folder that may not be written.
    """
    _open_what_is_closed()
    try:
        status = app(arguments, exit_on_error=False, print_error=True, result_action="return_value")
    except CycloptsError:
        return WRONG_USAGE
    except YardlightError as error:
        return _fail(str(error))
    except KeyboardInterrupt:
        say_interrupted()
        return INTERRUPTED
    except BrokenPipeError:
        status = DONE
    except OSError as error:
        _flush()
        return _fail(_sentence(error))
    lost = _flush()
    if lost is not None:
        return _fail(f"the output cannot be written: {lost.strerror}")
    return DONE if status is None else int(status)


def tell(line: str) -> None:
    """Progress, for whoever watches: at once, and not among the results."""
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def _fail(sentence: str) -> int:
    sys.stderr.write(f"error: {sentence}\n")
    return FAILED


def _sentence(error: OSError) -> str:
    said = error.strerror or str(error)
    return f"{error.filename}: {said}" if error.filename is not None else said


def _open_what_is_closed() -> None:
    """Give a process that was started without stdin, stdout or stderr (`>&-`) one that leads
    nowhere: Python has None in their place, and the next file or socket would take their number.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            # Opening takes the lowest number that is free, so this one.
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
    sys.stdout = sys.stdout or open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = sys.stderr or open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115


def _flush() -> OSError | None:
    """Write out what is buffered; returns what went wrong, such as a full disk.

    The reader may have gone, as `| head` does, and that is no failure of ours. What could not be
    written must not trouble the interpreter at its end.
    """
    try:
        sys.stdout.flush()
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return None if isinstance(error, BrokenPipeError) else error
    return None
