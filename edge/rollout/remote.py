"""Where bundles are fetched from: folders, web servers, and what fsspec reaches (its one door)."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import SplitResult, quote, unquote, urlsplit

from deploy.bundle.errors import Fatal, MissingDriver, Unavailable
from edge.rollout.refusals import Denied, Missing
from edge.rollout.web import from_web

Reader: TypeAlias = Callable[[str, int], Iterator[bytes]]
"""Pieces of a file of the bundle, by its path within and the byte to begin with. Beyond its end
there are none.

Raises:
    Missing: there is no such file.
    Denied: it may not be read.
    Unavailable: trying again may help.
    Fatal: it never will.
"""
_PIECE = 256 << 10
_BLOCK = 8 << 20
"""What a store of fsspec's asks for at once."""
_CREDENTIALS = "credential"
"""Is in the names of such errors of every store's: boto's, Google's, Azure's."""
_FILE = frozenset({"", "file"})
_WEB = frozenset({"http", "https"})


def check_address(uri: str) -> None:
    """Whether whoever reads the topic may see it, and nodes can make something of it.

    Raises:
        Fatal: it holds a login, or is no folder's.
    """
    if uri.startswith("/"):
        return
    parts = _parts(uri)
    if parts.scheme in _WEB:
        _web_base(parts)
    elif parts.scheme in _FILE:
        folder = Path(unquote(parts.path))
        if parts.netloc not in {"", "localhost"} or not folder.is_absolute():
            raise Fatal(f"{uri!r} is not an absolute path: every node reads it from its own folder")
    elif parts.query:
        raise Fatal(f"{_unquestioned(uri)}?… is no folder: names of files follow an address")


def reader_of(uri: str) -> Reader:
    """Whatever reads from there: a path, `file:`, `http:`, `https:`, or a scheme of fsspec's.

    Raises:
        Fatal: the address cannot be used, or holds a login.
        MissingDriver: it takes fsspec, which is not installed.
    """
    check_address(uri)
    if uri.startswith("/"):
        return lambda name, start: _from_file(Path(uri, name), start)
    parts = _parts(uri)
    if parts.scheme in _FILE:
        folder = Path(unquote(parts.path))
        return lambda name, start: _from_file(folder / name, start)
    if parts.scheme in _WEB:
        base = _web_base(parts)
        return lambda name, start: from_web(f"{base}/{quote(name)}", start)
    fsspec = _fsspec()
    return lambda name, start: _from_fsspec(fsspec, f"{uri.rstrip('/')}/{name}", start)


def _parts(uri: str) -> SplitResult:
    try:
        parts = urlsplit(uri)
        _ = parts.port  # which is looked at only when asked for
    except ValueError:
        # What it is that is no port may be the end of a password.
        raise Fatal(f"{_unquestioned(uri)!r} is no address: host and port must be plain") from None
    if parts.password or (parts.username and parts.scheme in _WEB):
        raise Fatal(f"an address with a login has no place on a topic: {parts.scheme}://…")
    if "::" in uri:
        raise Fatal(f"an address within another is not taken: {parts.scheme}::…")
    if not uri.isprintable():
        raise Fatal(f"{_unquestioned(uri)!r} is no address: it holds what cannot be printed")
    return parts


def _web_base(parts: SplitResult) -> str:
    """What the name of a file is added to.

    Raises:
        Fatal: no name can be added, or there is no host.
    """
    plain = f"{parts.scheme}://{parts.netloc}{parts.path}"
    if parts.query or parts.fragment:
        # What follows may be a signature, and is no more repeated than a password.
        raise Fatal(f"{plain}?… is no folder: names of files follow an address, and ? or # ends it")
    if not parts.hostname or not parts.hostname.isascii() or " " in parts.netloc:
        raise Fatal(f"{plain!r} is no address: its host has no name that can be looked up")
    # What is escaped already stays so.
    return f"{parts.scheme}://{parts.netloc}{quote(parts.path, safe='/%:@!$&()*+,;=~')}".rstrip("/")


def _unquestioned(uri: str) -> str:
    return uri.partition("?")[0].rpartition("@")[2]


def _from_file(path: Path, start: int) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            file.seek(start)
            yield from iter(lambda: file.read(_PIECE), b"")
    except (FileNotFoundError, NotADirectoryError) as error:
        raise Missing(f"{path} does not exist") from error
    except PermissionError as error:
        raise Denied(f"{path} cannot be read: {error.strerror}") from error
    except OSError as error:
        raise Fatal(f"{path} cannot be read: {error.strerror}") from error


def _fsspec() -> Any:
    try:
        import fsspec
    except ImportError:
        raise MissingDriver("fsspec", "remote") from None
    return fsspec


def _from_fsspec(fsspec: Any, address: str, start: int) -> Iterator[bytes]:
    try:
        store, path = fsspec.core.url_to_fs(address)
        with store.open(path, "rb", block_size=_BLOCK) as file:
            _go_to(file, start)
            yield from iter(lambda: file.read(_PIECE), b"")
    except ImportError as error:
        raise Fatal(f"{address} takes a package that is not installed: {error}") from error
    except FileNotFoundError as error:
        raise Missing(f"{address} does not exist{_beyond(address, error)}") from error
    except PermissionError as error:
        raise Denied(f"{address} cannot be read: {error}") from error
    except ValueError as error:
        raise Fatal(f"{address} cannot be read: {error}") from error
    except Exception as error:  # each of its stores has errors of its own
        if _CREDENTIALS in type(error).__name__.lower():
            raise Fatal(
                f"{address} takes credentials, and there are none that can be used: {error}"
            ) from error
        raise Unavailable(f"{address} cannot be fetched: {error!r}") from error


def _go_to(file: Any, start: int) -> None:
    """Not every store can begin in the midst of a file: then what comes before is read, too."""
    try:
        file.seek(start)
    except (ValueError, NotImplementedError):
        while start and (piece := file.read(min(start, _PIECE))):
            start -= len(piece)


def _beyond(address: str, error: Exception) -> str:
    """What a store says beyond the name of the file."""
    return "" if str(error) in address else f": {error}"
