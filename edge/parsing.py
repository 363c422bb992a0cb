"""JSON values of records that anybody may have written."""

from typing import TypeVar

import msgspec

T = TypeVar("T")


def parse(decoder: "msgspec.json.Decoder[T]", value: bytes) -> T:
    """What a record says.

    Raises:
        msgspec.MsgspecError: it says nothing of the kind, also where msgspec itself trips over the
            text: over one that is not UTF-8, or nested too deep.
    """
    try:
        return decoder.decode(value)
    except (UnicodeDecodeError, RecursionError) as error:
        raise msgspec.DecodeError(str(error)) from error
