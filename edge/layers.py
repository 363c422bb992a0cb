"""Where a setting comes from: command line, then environment, then `yardlight.toml`, then default.

Cyclopts has parsed the command line when these layers run; each fills in what is still unset. A key
that no command knows is an error that names the nearest one.
"""

import difflib
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import cached_property
from pathlib import Path
from typing import Any, get_origin

from cyclopts import UNSET, App, ArgumentCollection, CycloptsError, Token

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PREFIX = "YARDLIGHT_"
FILE = Path("yardlight.toml")
CONFIG_VARIABLE = f"{PREFIX}CONFIG"
"""Names another file than ./yardlight.toml."""
_LOGIN = re.compile(r"://[^/\s]*@")


def attach(
    root: App, keep: Callable[[ArgumentCollection], None], without: AbstractSet[str] = frozenset()
) -> None:
    """Give a command line its lower layers; `keep` is told the arguments with their sources.

    Args:
        without: commands that take nothing but what is typed.
    """

    def fill(_: App, commands: tuple[str, ...], arguments: ArgumentCollection) -> None:
        if not without.isdisjoint(commands):
            return
        known = _Known(root, arguments)
        _from_environment(known, arguments)
        _from_file(known, arguments)
        keep(arguments)

    root.config = [fill]


def bare_environment() -> dict[str, str]:
    """This process's environment for a child that takes nothing but what is typed."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    return kept | {CONFIG_VARIABLE: os.devnull}


def _from_environment(known: "_Known", arguments: ArgumentCollection) -> None:
    values = {
        name: value
        for name, value in os.environ.items()
        if name.startswith(PREFIX) and name != CONFIG_VARIABLE
    }
    keys = {name[len(PREFIX) :].lower(): name for name in values}
    _refuse_unknown(keys, known, "environment variable", lambda key: PREFIX + key.upper())
    for key, name in keys.items():
        _fill(arguments, key, [values[name]], name)


def _from_file(known: "_Known", arguments: ArgumentCollection) -> None:
    path = Path(os.environ.get(CONFIG_VARIABLE, FILE))
    values = _read(path)
    keys: dict[str, str] = {}
    for written in values:
        key = written.replace("-", "_")
        if key in keys:
            raise CycloptsError(msg=f"{path}: {keys[key]} and {written} are the same setting")
        keys[key] = written
    _refuse_unknown(keys, known, f"key in {path}:", str)
    single = {_key(one.name) for one in arguments if get_origin(one.hint) is not tuple}
    for key, written in keys.items():
        value = values[written]
        several = value if isinstance(value, list) and value and key not in single else [value]
        _fill(arguments, key, [_text(one, path, written) for one in several], str(path))


def provenance(arguments: ArgumentCollection) -> Iterator[tuple[str, str, str]]:
    """Each setting's name, value and where the value came from. Secrets are files, never values; a
    login that stands in an address all the same is left out.
    """
    for argument in arguments:
        name = argument.name.removeprefix("--")
        if argument.children or name == "show-config":
            continue
        if argument.tokens:
            source = argument.tokens[0].source
            value = ",".join(map(_said, argument.tokens))
            yield name, _LOGIN.sub("://…@", value), {"cli": "command line"}.get(source, source)
        else:
            yield name, str(argument.field_info.default), "default"


def _said(token: Token) -> str:
    return token.value if token.implicit_value is UNSET else str(token.implicit_value)


def _fill(arguments: ArgumentCollection, key: str, values: Sequence[str], source: str) -> None:
    for argument in arguments:
        open_to_it = argument.parse and not argument.children and not argument.tokens
        if open_to_it and _key(argument.name) == key:
            for value in values:
                argument.append(Token(keyword=argument.name, value=value, source=source))


def _read(path: Path) -> Mapping[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        if CONFIG_VARIABLE in os.environ:
            raise CycloptsError(
                msg=f"{CONFIG_VARIABLE} names {path}, which does not exist"
            ) from None
        return {}
    except (OSError, ValueError) as error:
        raise CycloptsError(msg=f"{path} cannot be read: {error}") from error


def _text(value: Any, path: Path, key: str) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, (str, int, float)):
        found = type(value).__name__
        raise CycloptsError(msg=f"{path}: {key} must be text, a number or a boolean, not {found}")
    return str(value)


def _refuse_unknown(
    keys: Iterable[str], known: "_Known", what: str, spell: Callable[[str], str]
) -> None:
    for key in keys:
        if key not in known.here and key not in known.anywhere:
            near = difflib.get_close_matches(key, known.anywhere, n=1)
            hint = f" Did you mean {spell(near[0])}?" if near else ""
            raise CycloptsError(msg=f"Unknown {what} {spell(key)}.{hint}")


class _Known:
    """The keys that are settings: here, of the command that was typed, and anywhere, for which all
    commands have to be loaded.
    """

    def __init__(self, root: App, arguments: ArgumentCollection) -> None:
        self._root = root
        self.here = {_key(one.name) for one in arguments if not one.children}

    @cached_property
    def anywhere(self) -> AbstractSet[str]:
        return set(_known_keys(self._root))


def _known_keys(app: App) -> Iterator[str]:
    """Keys of every command: an environment may serve several of them."""
    for name in app:
        if name.startswith("-"):
            continue
        command = app[name]
        if command.default_command is not None:
            for argument in command.assemble_argument_collection(parse_docstring=False):
                if not argument.children:
                    yield _key(argument.name)
        yield from _known_keys(command)


def _key(name: str) -> str:
    return name.lstrip("-").replace("-", "_")
