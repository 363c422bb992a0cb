"""A network between a client and a broker that can be slow, cut, or silent.

Our own and no toxiproxy: these three faults are a page, and need no Go and no download in a clean
clone.
"""

import asyncio
import contextlib
from collections.abc import Callable
from threading import Event, Thread
from types import TracebackType

from tests.waiting import join

_CHUNK = 1 << 16
_START_SECONDS = 10.0


class FaultProxy:
    """Forwards 127.0.0.1:`port` to a port of this machine, for `with`."""

    def __init__(self, port: int, target: int) -> None:
        self.address = f"127.0.0.1:{port}"
        self._port, self._target = port, target
        self._delay = 0.0
        self._refusing = self._silent = False
        self._writers: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_until_complete, args=(self._serve(),))
        self._ready, self._over = Event(), asyncio.Event()

    def slow(self, seconds: float) -> None:
        """Everything takes so much longer, in each direction."""
        self._delay = seconds

    def cut(self) -> None:
        """Connections are closed, and new ones end at once."""
        self._refusing = True
        self._call(self._close_all)

    def silence(self) -> None:
        """Connections stay open, new ones too, and nothing comes through any more: half-open, as
        where the other machine lost its power.
        """
        self._silent = True

    def heal(self) -> None:
        """As at first. Connections that lost something in between are closed."""
        lost, self._silent, self._refusing, self._delay = self._silent, False, False, 0.0
        if lost:
            self._call(self._close_all)

    def __enter__(self) -> "FaultProxy":
        self._thread.start()
        assert self._ready.wait(_START_SECONDS), "the proxy does not listen"
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._call(self._over.set)
        join(self._thread)
        self._loop.close()

    def _call(self, act: Callable[[], object]) -> None:
        self._loop.call_soon_threadsafe(act)

    async def _serve(self) -> None:
        server = await asyncio.start_server(self._connected, "127.0.0.1", self._port)
        self._ready.set()
        await self._over.wait()
        server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        self._close_all()
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        with contextlib.suppress(OSError):
            if not self._refusing:
                there = await asyncio.open_connection("127.0.0.1", self._target)
                self._writers.add(there[1])
                await asyncio.gather(self._pump(reader, there[1]), self._pump(there[0], writer))
        writer.close()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(_CHUNK):
                if self._silent:
                    continue
                await asyncio.sleep(self._delay)
                writer.write(data)
                await writer.drain()
        writer.close()
        self._writers.discard(writer)

    def _close_all(self) -> None:
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()
