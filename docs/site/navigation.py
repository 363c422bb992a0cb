"""Which pages the site has, in which order; MkDocs calls the functions at the end.

A page of docs/ that no section names stands under *More*, so that a new page needs no entry here;
one that is named and not there yet is left out. The repository's own pages are shown as they are.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

Navigation: TypeAlias = "list[dict[str, str | list[str]]]"

ROOT = Path(__file__).parents[2]
FIRST = "index.md"
SECTIONS: Mapping[str, Sequence[str]] = {
    "Begin": ("quickstart.md", "own-photos.md", "tutorial-data.md", "training.md"),
    "Deploy": ("jetson.md", "gpu-nodes.md", "images.md", "engines.md", "signing.md", "security.md"),
    "Operate": (
        "operating.md",
        "rollout.md",
        "doctor.md",
        "observing.md",
        "runbook.md",
        "recount.md",
    ),
    "Reference": ("configuration.md", "topics.md", "metrics.md"),
    "Background": ("architecture.md", "comparison.md", "faq.md"),
    "Project": ("changelog.md", "contributing.md", "security-policy.md"),
}
REPOSITORY = {
    "architecture.md": "ARCHITECTURE.md",
    "changelog.md": "CHANGELOG.md",
    "contributing.md": "CONTRIBUTING.md",
    "security-policy.md": "SECURITY.md",
    "index.md": "README.md",
}
"""Pages that lie at the top of the repository, by their names on the site; links find them."""
_LINK = re.compile(r"\]\((?:\.\./)?([A-Z]+\.md)")
_INTO_DOCS = re.compile(r"\]\(docs/")


def arranged(pages: Sequence[str]) -> Navigation:
    """The navigation of these pages: sections in their order, then the rest."""
    sections: Navigation = [
        {title: [name for name in names if name in pages]} for title, names in SECTIONS.items()
    ]
    named = {FIRST, *(name for names in SECTIONS.values() for name in names)}
    rest = sorted(name for name in pages if name not in named)
    sections.append({"More": rest})
    return [{"Overview": FIRST}, *(section for section in sections if any(section.values()))]


def relinked(markdown: str) -> str:
    """Links as they work in the repository, made to work on the site."""
    site = {there: here for here, there in REPOSITORY.items()}
    linked = _LINK.sub(lambda found: f"]({site.get(found[1], found[1])}", markdown)
    return _INTO_DOCS.sub("](", linked)


def on_files(files: Files, config: MkDocsConfig) -> Files:
    for here, there in REPOSITORY.items():
        if here != FIRST:
            files.append(File.generated(config, here, abs_src_path=str(ROOT / there)))
    pages = [file.src_uri for file in files.documentation_pages()]
    config.nav = arranged(pages)
    return files


def on_page_markdown(markdown: str, **_: Any) -> str:
    return relinked(markdown)
