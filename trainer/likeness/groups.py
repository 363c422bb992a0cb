"""Pictures that belong together, from pairs that do."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(slots=True)
class Groups:
    """Disjoint sets (union-find with path halving): numbers that were linked share a root."""

    _parent: dict[int, int] = field(default_factory=dict)

    @classmethod
    def of_roots(cls, roots: Sequence[int]) -> "Groups":
        """Those in which each number has the root that is given."""
        return cls(dict(enumerate(roots)))

    def root(self, number: int) -> int:
        parent = self._parent
        while parent.get(number, number) != number:
            parent[number] = parent.get(parent[number], parent[number])
            number = parent[number]
        return number

    def link(self, one: int, other: int) -> None:
        """The smaller root stays, so that a group is named after its first picture."""
        first, second = sorted((self.root(one), self.root(other)))
        self._parent[second] = first

    def are_together(self, one: int, other: int) -> bool:
        return self.root(one) == self.root(other)

    def of(self, count: int) -> list[list[int]]:
        """All groups of the numbers below `count`, those of one too."""
        members: dict[int, list[int]] = defaultdict(list)
        for number in range(count):
            members[self.root(number)].append(number)
        return [members[root] for root in sorted(members)]
