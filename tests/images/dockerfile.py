"""A Dockerfile as its stages, each a list of instructions."""

import re
from dataclasses import dataclass, field
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "docker"


@dataclass(frozen=True, slots=True)
class Stage:
    base: str
    name: str
    instructions: list[tuple[str, str]] = field(default_factory=list)

    def all(self, instruction: str) -> list[str]:
        return [words for found, words in self.instructions if found == instruction]

    def last(self, instruction: str) -> str:
        return self.all(instruction)[-1]


@dataclass(frozen=True, slots=True)
class Dockerfile:
    path: Path
    arguments: dict[str, str]
    """Those before the first stage, with their defaults: the images that it begins with."""
    stages: list[Stage]

    @property
    def result(self) -> list[Stage]:
        """What ends up in the image: the last stage, and those that it builds on."""
        kept = [self.stages[-1]]
        while below := [stage for stage in self.stages if stage.name == kept[-1].base]:
            kept += below
        return kept


def read(path: Path) -> Dockerfile:
    text = re.sub(r"^\s*#.*\n", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    lines = re.sub(r"\\\n\s*", "", text).splitlines()
    dockerfile = Dockerfile(path, {}, [])
    for line in filter(None, map(str.strip, lines)):
        instruction, _, words = line.partition(" ")
        if instruction == "FROM":
            base, _, name = words.partition(" AS ")
            dockerfile.stages.append(Stage(base, name))
        elif not dockerfile.stages:
            name, _, default = words.partition("=")
            dockerfile.arguments[name] = default
        else:
            dockerfile.stages[-1].instructions.append((instruction, words))
    return dockerfile
