"""What a node that takes part in roll-outs begins with: what was rolled out last, if that holds."""

from dataclasses import dataclass

from deploy.bundle.errors import Fatal
from deploy.bundle.manifest import Bundle, Vouch
from edge.member import node_name
from edge.observe.logs import get_logger
from edge.rollout.node import Memory
from edge.rollout.store import Store
from edge.settings.rollout import RolloutSettings

_log = get_logger("rollout")


@dataclass(frozen=True, slots=True)
class Home:
    """A node's name, and where it keeps bundles and its memory."""

    slot: str
    node: str
    store: Store

    def begin_with(self, vouch: Vouch) -> Bundle | None:
        """The bundle that was rolled out last; None where there was none, or where it cannot be
        used any more, and then the newest roll-out is tried anew.

        Raises:
            Fatal: the folder for bundles cannot be used.
        """
        self.store.open()
        memory = self.store.recall(self.node)
        if not memory.serving.digest:
            return None
        try:
            found = self.store.find(memory.serving.digest, vouch)
            said = f"{memory.serving.digest} is not in {self.store.folder} any more"
        except Fatal as error:
            found, said = None, str(error)
        if found is None:
            _log.error("what was rolled out last cannot be served, --bundle is", error=said)
            self.store.remember(self.node, Memory())
        return found


def home_of(settings: RolloutSettings) -> Home | None:
    """Where a node of the settings' slot lives; None where it takes part in no roll-out."""
    if settings.slot is None:
        return None
    store = Store(settings.bundles_cache / settings.slot, settings.bundles_quota)
    return Home(settings.slot, node_name(settings), store)
