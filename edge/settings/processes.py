"""How many processes do the work."""

from dataclasses import dataclass
from typing import Annotated

from cyclopts import Parameter, validators

from deploy.bundle import typed

MOST_WORKERS = 64


@Parameter(name="*", group="Processes")
@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessSettings:
    """How many processes do the work."""

    workers: Annotated[
        int, Parameter(converter=typed.whole, validator=validators.Number(gte=1, lte=MOST_WORKERS))
    ] = 1
    """Processes that share the partitions, each a member of the group with an engine and queues of
    its own, under one that starts again whichever dies and serves metrics and health for all. One
    process feeds a GPU some thousand frames a second; on a processor 1 is enough."""
