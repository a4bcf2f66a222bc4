"""Plots as inline SVG: no script, no style attribute, nothing to load."""

from collections.abc import Sequence

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

WIDTH, HEIGHT = 720, 180
ROW = 26  # pixels of a bar
LABEL = 240  # pixels for the names beside bars
MAX_LABEL = 34  # characters
_MARGIN = 24
# Classes of `page.STYLE`: from mild to severe.
SERIES = ("allow", "flag", "hold", "block")

Column = tuple[str, Sequence[int]]  # a label, and one number for each of SERIES


def columns(found: Sequence[Column], *, title: str, every: int = 1) -> SafeString:
    """Return stacked columns, such as messages by hour.

    Args:
        found: The columns, from left to right.
        title: What the plot shows, for screen readers.
        every: Label only each n-th column.
    """
    most = max((sum(numbers) for _, numbers in found), default=0) or 1
    step = (WIDTH - _MARGIN) / max(1, len(found))
    scale = (HEIGHT - 2 * _MARGIN) / most
    parts = []
    for at, (label, numbers) in enumerate(found):
        x, y = _MARGIN + at * step, float(HEIGHT - _MARGIN)
        for series, number in zip(SERIES, numbers, strict=True):
            y -= number * scale
            parts.append(_box((x + 1, y, step - 2, number * scale), series, f"{label}: {number}"))
        if at % every == 0:
            place = x + step / 2
            parts.append(_text(place, HEIGHT - 6, label, "middle"))
    parts.append(_text(2, _MARGIN - 8, str(most), "start"))
    return _svg(parts, HEIGHT, title)


def bars(found: Sequence[Column], *, title: str) -> SafeString:
    """Return stacked horizontal bars with their labels, such as messages by rule."""
    most = max((sum(numbers) for _, numbers in found), default=0) or 1
    scale = (WIDTH - LABEL - 60) / most
    parts = []
    for at, (label, numbers) in enumerate(found):
        x, y = float(LABEL), at * ROW
        shown = label if len(label) <= MAX_LABEL else f"{label[: MAX_LABEL - 1]}…"
        parts.append(_text(LABEL - 8, y + 17, shown, "end"))
        for series, number in zip(SERIES, numbers, strict=True):
            parts.append(_box((x, y + 4, number * scale, ROW - 8), series, f"{label}: {number}"))
            x += number * scale
        parts.append(_text(x + 6, y + 17, str(sum(numbers)), "start"))
    return _svg(parts, max(ROW, len(found) * ROW), title)


def _svg(parts: Sequence[SafeString], height: int, title: str) -> SafeString:
    return format_html(
        '<svg viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>',
        WIDTH,
        height,
        title,
        format_html_join("", "{}", ((part,) for part in parts)),
    )


def _box(place: tuple[float, float, float, float], series: str, hint: str) -> SafeString:
    x, y, width, height = (f"{number:.1f}" for number in place)
    return format_html(
        '<rect class="{}" x="{}" y="{}" width="{}" height="{}"><title>{}</title></rect>',
        *(series, x, y, width, height, hint),
    )


def _text(x: float, y: float, text: str, anchor: str) -> SafeString:
    return format_html(
        '<text x="{}" y="{}" text-anchor="{}">{}</text>', f"{x:.1f}", f"{y:.1f}", anchor, text
    )
