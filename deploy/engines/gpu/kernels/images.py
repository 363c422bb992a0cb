"""The compiled kernels that lie beside their source, and which of them this chip can take."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from deploy.bundle.errors import Fatal

SOURCES = Path(__file__).parent
SOURCE, HEADERS = "resize.cu", ("resize.h",)
RECORD = "kernels.json"


@dataclass(frozen=True, slots=True)
class Made:
    """How a fat binary was made. Compute capabilities are whole numbers: 87 is 8.7."""

    name: str
    digest: str
    """SHA-256 of the fat binary."""
    sources: Mapping[str, str]
    """SHA-256 of each source by name."""
    compiler: tuple[str, ...]
    """Packages with their versions."""
    options: tuple[str, ...]
    chips: tuple[int, ...]
    ptx: int

    @property
    def oldest(self) -> int:
        """The oldest chip that can take it."""
        return min(self.ptx, *self.chips)

    def runs_as_it_is(self, chip: int) -> bool:
        """Whether it has code that runs on the chip: its own or an older one's of that major."""
        return any(each // 10 == chip // 10 and each <= chip for each in self.chips)

    def content(self, folder: Path = SOURCES) -> bytes:
        """The fat binary.

        Raises:
            Fatal: it is not there, or is another than was recorded.
        """
        at = folder / self.name
        try:
            found = at.read_bytes()
        except OSError as error:
            raise Fatal(f"{at} cannot be read: {error.strerror}; install Yardlight anew") from error
        if digest(found) != self.digest:
            raise Fatal(f"{at} is not what {RECORD} says of it: install Yardlight anew")
        return found


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def source_digests(folder: Path = SOURCES) -> dict[str, str]:
    return {name: digest((folder / name).read_bytes()) for name in (SOURCE, *HEADERS)}


def recorded(folder: Path = SOURCES) -> tuple[Made, ...]:
    """Every fat binary that there is."""
    entries = json.loads((folder / RECORD).read_text())
    return tuple(
        Made(**entry | {key: tuple(entry[key]) for key in ("compiler", "options", "chips")})
        for entry in entries
    )


def record(made: Iterable[Made], folder: Path) -> None:
    text = json.dumps([asdict(each) for each in made], indent=2)
    (folder / RECORD).write_text(text + "\n")


def for_chip(chip: int, images: Iterable[Made]) -> list[Made]:
    """What may run on a chip, the best first: code for it, then newer PTX before older.

    Raises:
        Fatal: nothing does.
    """
    images = list(images)
    fitting = [each for each in images if each.oldest <= chip]
    if not fitting:
        oldest = min(each.oldest for each in images)
        raise Fatal(
            f"our kernels need a GPU of compute capability {oldest / 10:.1f} or newer, "
            f"this one has {chip / 10:.1f}: run another engine, such as --engine openvino"
        )
    return sorted(fitting, key=lambda it: (it.runs_as_it_is(chip), it.ptx), reverse=True)
