"""`yardlight-edge run` with a builder, or a library that loads engines, which comes to no end for
another bundle than that of the start. Words: `build` or `load`, a file to write once that is begun,
then the command's.
"""

import sys
import time
from pathlib import Path
from typing import Any

from deploy.engines.record import Fingerprint
from edge import building, cli, provision
from edge.shelf import Shelf

_DEAF = """
import os, pathlib, signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
draft = pathlib.Path(sys.argv[1], f".building-{os.getpid()}-half")
draft.mkdir(parents=True)
pathlib.Path(sys.argv[2]).write_text(str(os.getpid()))
while True:
    time.sleep(1)
"""


def main() -> None:
    what, begun = sys.argv.pop(1), sys.argv.pop(1)
    started_with = Path(sys.argv[sys.argv.index("--bundle") + 1])
    commands, loads = building._command, provision.load

    def deaf(shelf: Shelf, wanted: Fingerprint) -> list[str]:
        if shelf.bundle.folder == started_with:
            return commands(shelf, wanted)
        return [sys.executable, "-c", _DEAF, str(shelf.cache), begun]

    def load(shelf: Shelf, wanted: Fingerprint) -> Any:
        if shelf.bundle.folder == started_with:
            return loads(shelf, wanted)
        Path(begun).write_text("0", encoding="ascii")
        while True:
            time.sleep(1)

    if what == "build":
        building._command = deaf
    else:
        provision.load = load
    cli.main()


if __name__ == "__main__":
    main()
