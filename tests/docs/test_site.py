"""The site shows every page, those too that its navigation was never told of."""

from pathlib import Path

from docs.site.navigation import FIRST, REPOSITORY, SECTIONS, arranged, relinked

PAGES = sorted(path.name for path in (Path(__file__).parents[2] / "docs").glob("*.md"))


def _shown(pages: list[str]) -> list[str]:
    shown: list[str] = []
    for section in arranged(pages):
        for names in section.values():
            shown += [names] if isinstance(names, str) else names
    return shown


def test_every_page_is_shown_once() -> None:
    assert sorted(_shown(PAGES)) == PAGES


def test_a_page_that_no_section_names_stands_under_more() -> None:
    assert arranged([FIRST, "new.md"]) == [{"Overview": FIRST}, {"More": ["new.md"]}]


def test_a_page_that_is_named_and_not_there_is_left_out() -> None:
    assert arranged([FIRST, "faq.md"]) == [{"Overview": FIRST}, {"Background": ["faq.md"]}]


def test_no_page_stands_in_two_sections() -> None:
    named = [name for names in SECTIONS.values() for name in names]
    assert len(named) == len(set(named))


def test_links_between_the_repository_and_its_docs_lead_to_pages() -> None:
    assert relinked("[threats](../SECURITY.md#who)") == "[threats](security-policy.md#who)"
    assert relinked("[rights](docs/security.md)") == "[rights](security.md)"
    assert set(REPOSITORY) - {FIRST} <= {name for names in SECTIONS.values() for name in names}
