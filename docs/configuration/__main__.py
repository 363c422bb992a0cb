"""Writes docs/configuration.md. `--check` only compares."""

import sys
from pathlib import Path

from docs.configuration.reference import reference
from docs.generated import write_or_check

PAGE = Path(__file__).parents[1] / "configuration.md"


if __name__ == "__main__":
    sys.exit(write_or_check({PAGE: reference()}, "make configuration"))
