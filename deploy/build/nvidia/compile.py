"""A build that shows how far it is, can be stopped by Ctrl-C, and remembers its timings."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from pathlib import Path
from threading import Event

from deploy.build.bar import Bar
from deploy.build.nvidia.builder import Cancelled, Options, Plan, build_plan
from deploy.bundle.manifest import InputSpec
from deploy.engines import nvidia
from deploy.engines.kinds import EngineKind

_LOOK_AGAIN_SECONDS = 0.1


def compile_plan(
    onnx: bytes,
    kind: EngineKind,
    spec: InputSpec,
    options: Options,
    timings: Path,
    tell: Callable[[str], None],
) -> bytes:
    """Compile, and keep what was learnt about kernels in the file `timings` for the next time.

    Raises:
        MissingDriver: the library is not installed.
        Fatal: it cannot compile the network.
        KeyboardInterrupt: Ctrl-C; the builder has stopped by then.
    """
    nvidia.use(kind)
    # RTX has the calls, but deprecates them and does not read back what it wrote.
    keeps = kind == "tensorrt"
    known = timings.read_bytes() if keeps and timings.is_file() else b""
    cancelled = Event()
    # The builder blocks its thread; this one stays free to be interrupted.
    with Bar(tell) as bar, ThreadPoolExecutor(1) as pool:
        made = pool.submit(
            build_plan,
            onnx,
            spec,
            options,
            timings=known if keeps else None,
            tell=tell,
            on_step=bar.step,
            cancelled=cancelled,
        )
        plan = _result(made, cancelled)
    if plan.timings:
        draft = timings.with_suffix(".draft")
        draft.write_bytes(plan.timings)
        draft.rename(timings)
    return plan.network


def _result(made: "Future[Plan]", cancelled: Event) -> Plan:
    try:
        while True:
            try:
                return made.result(_LOOK_AGAIN_SECONDS)
            except NotYet:
                if made.done():
                    raise
    except KeyboardInterrupt:
        cancelled.set()
        raise
    except Cancelled:
        raise KeyboardInterrupt from None
