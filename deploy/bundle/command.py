"""How every command of Yardlight ends: results on stdout, errors on stderr, one exit status."""

import os
import sys
from collections.abc import Sequence
from importlib.metadata import version

from cyclopts import App, CycloptsError
from rich.console import Console

from deploy.bundle.errors import YardlightError

DONE, FAILED, WRONG_USAGE = 0, 1, 2
_INTERRUPTED = 130


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

    A command returns its own status or None for done; an error of ours is one line on stderr.
    """
    try:
        status = app(arguments, exit_on_error=False, print_error=True, result_action="return_value")
    except CycloptsError:
        return WRONG_USAGE
    except YardlightError as error:
        sys.stderr.write(f"error: {error}\n")
        return FAILED
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        return _INTERRUPTED
    except BrokenPipeError:
        status = DONE
    _flush()
    return DONE if status is None else int(status)


def _flush() -> None:
    """Write out what is buffered; the reader may have gone, as `| head` does, and that is no
    failure of ours. What it did not take must not trouble the interpreter at its end.
    """
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
