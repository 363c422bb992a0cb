"""Drawings as SVG: the few shapes that a plot is made of."""

from html import escape

Point = tuple[float, float]
INK, FAINT = "#1f2933", "#d5dbe1"


def line(points: list[Point], colour: str, *, width: float = 2, dashes: str = "") -> str:
    """A line through points."""
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
    return (
        f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="{width}"{dashed}/>'
    )


def dot(at: Point, colour: str, said: str) -> str:
    """A point that says, under the mouse, what it is."""
    x, y = at
    return (
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{colour}">'
        f"<title>{escape(said)}</title></circle>"
    )


def text(at: Point, words: str, *, anchor: str = "start", weight: str = "normal") -> str:
    x, y = at
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-weight="{weight}" '
        f'fill="{INK}">{escape(words)}</text>'
    )


def drawing(width: int, height: int, title: str, shapes: list[str]) -> str:
    """A whole file; the title is for those who hear it."""
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" role="img" font-family="sans-serif" font-size="12">'
    )
    ground = f'<rect width="{width}" height="{height}" fill="#ffffff"/>'
    return "\n".join([head, f"<title>{escape(title)}</title>", ground, *shapes, "</svg>\n"])
