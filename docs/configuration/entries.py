"""Every setting of a command as the command line itself knows it: name, type, default, help."""

from collections.abc import Iterator
from dataclasses import dataclass
from inspect import Parameter
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from cyclopts import App, Argument

_LEFT_OUT = {"show-config"}


@dataclass(frozen=True, slots=True)
class Entry:
    """One setting; `default` is None where it has none."""

    name: str
    group: str
    kind: type
    choices: tuple[str, ...]
    default: Any
    required: bool
    help: str

    @property
    def variable(self) -> str:
        """Its name in the environment."""
        return "YARDLIGHT_" + self.name.replace("-", "_").upper()


def entries(app: App, command: str) -> Iterator[Entry]:
    """The settings of `command`, in the order of their definition."""
    for argument in app[command].assemble_argument_collection(parse_docstring=True):
        name = argument.name.removeprefix("--")
        if not argument.children and name not in _LEFT_OUT:
            yield _entry(argument, name)


def _entry(argument: Argument, name: str) -> Entry:
    default = argument.field_info.default
    return Entry(
        name=name,
        group=_group(argument.parameter.group),
        kind=_kind(argument),
        choices=get_args(argument.hint) if get_origin(argument.hint) is Literal else (),
        default=None if default is Parameter.empty else _anybodys(default),
        required=argument.required,
        help=" ".join((argument.parameter.help or "").split()),
    )


def _group(groups: Any) -> str:
    """Cyclopts knows settings of several groups; ours are of one."""
    (group,) = groups
    return str(group.name)


def _kind(argument: Argument) -> type:
    """What is written for it: text also where it is one of several words, a path, or an age."""
    hint = argument.hint
    if hint is float and argument.parameter.converter:
        return str
    return hint if hint in {int, float, bool} else str


def _anybodys(default: Any) -> Any:
    """A default that lies in the home of whoever generates this lies in everybody's."""
    if isinstance(default, Path):
        home = Path.home()
        return f"~/{default.relative_to(home)}" if default.is_relative_to(home) else str(default)
    return default
