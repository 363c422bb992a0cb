"""What was measured, for people."""

from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from deploy.bench.comparison import Comparison
from deploy.engines.measurement import Memory, Point

_MIB = 1 << 20
_HEADINGS = ("batch", "median ms", "p99 ms", "runs", "frames/s")
_STAGES = ("copy in", "compute", "copy out")


def names_of(found: Comparison) -> Sequence[str]:
    """Such as `openvino fp32`, with the folder of the bundle where it is one of several."""
    made = [one.record.fingerprint for one in found.measured]
    names = [f"{each.kind} {each.precision}" for each in made]
    if len({each.model for each in made}) == 1:
        return names
    pairs = zip(found.measured, names, strict=True)
    return [f"{one.bundle.folder} {name}" for one, name in pairs]


def show(found: Comparison, console: Console) -> None:
    """Print every batch size of every engine, what each engine takes, and the machine's state."""
    staged = any(point.stages for one in found.measured for point in one.found.points)
    table = Table("engine", *_HEADINGS, *(_STAGES if staged else ()))
    for name, one in zip(names_of(found), found.measured, strict=True):
        for point in one.found.points:
            table.add_row(escape(name), *_row(point), *_stages(point, staged))
        table.add_section()
    console.print(table)
    console.print(_engines(found))
    said = ", ".join(f"{name} {value}" for name, value in found.conditions.items())
    console.print(f"the machine: {said}", markup=False, highlight=False)


def _row(point: Point) -> Iterator[str]:
    yield str(point.batch)
    yield f"{1000 * point.median:.2f}"
    yield f"{1000 * point.p99:.2f}"
    yield str(point.runs)
    yield f"{point.frames_a_second:.0f}"


def _stages(point: Point, staged: bool) -> Iterator[str]:
    if staged:
        stages = point.stages
        parts = (stages.copy_in, stages.compute, stages.copy_out) if stages else ()
        yield from (f"{1000 * part:.3f}" for part in parts)


def _engines(found: Comparison) -> Table:
    table = Table("engine", "best frames/s", "ratio", "load s", "warm-up s", "RSS MiB", "GPU MiB")
    best = [max(point.frames_a_second for point in one.found.points) for one in found.measured]
    for name, one, rate in zip(names_of(found), found.measured, best, strict=True):
        rates = f"{rate:.0f}", f"{rate / best[0]:.2f}"
        seconds = f"{one.found.load_seconds:.2f}", f"{one.found.warm_up_seconds:.2f}"
        table.add_row(escape(name), *rates, *seconds, *_memory(one.found.memory))
    return table


def _memory(memory: Memory) -> Iterator[str]:
    for size in (memory.host, memory.device):
        yield "" if size is None else f"{size / _MIB:.0f}"
