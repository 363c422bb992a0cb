"""JSON objects that anybody may have written, read field by field."""

import json
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

from deploy.bundle.errors import BundleError


@dataclass(frozen=True, slots=True)
class Fields:
    """A JSON object, read field by field with errors that name the field."""

    document: dict[str, Any]
    where: str

    def text(self, name: str) -> str:
        return cast(
            str, self._typed(name, str, "a non-empty string without control characters", is_text)
        )

    def digest(self, name: str) -> str:
        expected = "a sha256 of 64 hexadecimal digits"
        return cast(str, self._typed(name, str, expected, _is_digest))

    def size(self, name: str) -> int:
        return cast(int, self._typed(name, int, "a whole number from 1 to 8192", _is_size))

    def choice(self, name: str, options: tuple[str, ...]) -> str:
        expected = "one of " + ", ".join(options)
        return cast(str, self._typed(name, str, expected, lambda value: value in options))

    def texts(self, name: str) -> tuple[str, ...]:
        expected = "a list of non-empty strings without control characters"
        return tuple(self._typed(name, list, expected, _are_texts))

    def child(self, name: str) -> "Fields":
        document = self._typed(name, dict, "an object", lambda _: True)
        return Fields(document, f"{self.where}: {name}")

    def _typed(self, name: str, kind: type, expected: str, accepts: Callable[[Any], bool]) -> Any:
        if name not in self.document:
            raise BundleError(f"{self.where}: field {name!r} is missing, expected {expected}")
        value = self.document[name]
        if not isinstance(value, kind) or isinstance(value, bool) or not accepts(value):
            raise BundleError(f"{self.where}: {name} is {value!r}, expected {expected}")
        return value


def object_of(text: bytes, where: str) -> Fields:
    """Parse a JSON object; `where` names it in errors.

    Raises:
        BundleError: it is none, or could be read in two ways.
    """
    try:
        document = json.loads(text, object_pairs_hook=_unrepeated, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise BundleError(f"{where} is not JSON: {error}") from error
    if not isinstance(document, dict):
        raise BundleError(f"{where}: expected an object, found {type(document).__name__}")
    return Fields(document, where)


def is_text(value: str) -> bool:
    """Whether it is not empty, and nothing in it that breaks a terminal, a log line or UTF-8."""
    return bool(value) and not any(unicodedata.category(sign) in {"Cc", "Cs"} for sign in value)


def _unrepeated(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """JSON lets a key come twice and readers differ on which one counts; here none does."""
    document = dict(pairs)
    if len(document) != len(pairs):
        keys = [key for key, _ in pairs]
        repeated = sorted({key for key in keys if keys.count(key) > 1})
        raise ValueError(f"repeated keys: {', '.join(map(repr, repeated))}")
    return document


def _refuse_constant(constant: str) -> None:
    raise ValueError(f"{constant} is not a JSON number")


def _is_size(value: int) -> bool:
    return 1 <= value <= 8192  # noqa: PLR2004 - no network of ours takes a larger side


def _is_digest(value: str) -> bool:
    return re.fullmatch(r"[0-9a-f]{64}", value) is not None


def _are_texts(values: list[Any]) -> bool:
    return all(isinstance(value, str) and is_text(value) for value in values)
