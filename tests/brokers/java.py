"""Java, and the programs of Apache Kafka in it: fetched once, and their classes read once."""

import hashlib
import re
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy.bundle.errors import Fatal
from tests.ending import finished

_POM = Path(__file__).with_name("pom.xml")
_LIBRARIES = Path(__file__).parents[2] / ".cache" / "kafka-libs"
_OLDEST_JAVA = 17
_FETCH_SECONDS = 900.0
# These live for minutes: the quick compiler only. The optimising one takes a whole core, again and
# again, from what is tested or measured beside it.
_QUICK = "-XX:TieredStopAtLevel=1"


@dataclass(frozen=True, slots=True)
class Availability:
    """Whether Apache Kafka can run here; if not, `reason` says in one sentence why."""

    ok: bool
    reason: str = ""


def availability() -> Availability:
    """Java 17 runs the broker; Maven fetches it, once."""
    java = _java_version()
    if java is None:
        return Availability(ok=False, reason="Apache Kafka needs Java 17: there is no `java` here.")
    if java < _OLDEST_JAVA:
        return Availability(ok=False, reason=f"Apache Kafka needs Java 17: this is Java {java}.")
    if not _library_folder().is_dir() and shutil.which("mvn") is None:
        return Availability(ok=False, reason="Fetching Apache Kafka needs Maven: no `mvn` here.")
    return Availability(ok=True)


def java(*words: str) -> list[str]:
    """The command that runs a class of Apache Kafka; options of Java come first in `words`."""
    read = [f"-XX:SharedArchiveFile={_archive()}"] if _archive().is_file() else []
    return ["java", _QUICK, *read, "-cp", f"{_library_folder()}/*", *words]


def run_once(*words: str) -> None:
    """Run a class of Apache Kafka to its end; the first time, keep what Java found in the classes:
    each later start, a broker's too, reads and verifies so many fewer.

    Raises:
        Fatal: it failed; says what it said.
    """
    if _archive().is_file():
        _run(java(*words))
        return
    with tempfile.TemporaryDirectory(dir=_LIBRARIES) as partial:
        written = Path(partial) / "classes.jsa"
        # A Java that keeps no classes ignores the wish.
        keep = ["-XX:+IgnoreUnrecognizedVMOptions", f"-XX:ArchiveClassesAtExit={written}"]
        _run(java(*keep, *words))
        if written.is_file():
            written.replace(_archive())


def fetch_libraries() -> None:
    """Have Maven fetch Apache Kafka, unless it is there.

    Raises:
        Fatal: Maven failed; says what it said.
    """
    target = _library_folder()
    if target.is_dir():
        return
    _LIBRARIES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=_LIBRARIES) as partial:
        jars = Path(partial) / "jars"
        maven = ["mvn", "--batch-mode", "--quiet", "--file", str(_POM)]
        copy = ["dependency:copy-dependencies", f"-DoutputDirectory={jars}"]
        _run([*maven, *copy], _FETCH_SECONDS)
        if not target.is_dir():  # another test run may have been faster
            jars.rename(target)


def _library_folder() -> Path:
    # The pom's hash is the folder's name: another version fetches anew, an unfinished fetch is not
    # taken for a finished one.
    return _LIBRARIES / hashlib.sha256(_POM.read_bytes()).hexdigest()[:16]


def _archive() -> Path:
    return _library_folder().with_suffix(".jsa")


def _java_version() -> int | None:
    if shutil.which("java") is None:
        return None
    found = re.search(r'version "(?:1\.)?(\d+)', finished(["java", "-version"]).stderr)
    return int(found[1]) if found else None


def _run(command: Sequence[str], seconds: float = 120.0) -> None:
    done = finished(command, seconds=seconds)
    if done.returncode:
        raise Fatal(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
