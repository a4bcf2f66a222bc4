"""Plots as inline SVG: no script, no style attribute, nothing to load.

Names and numbers of bars are cells of a table, and columns are drawn for the width of a phone, so
that both are readable on one.
"""

from collections.abc import Sequence

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

WIDTH, HEIGHT = 360, 120  # of columns: CSS pixels on a phone
LABEL = 6  # pixels of a character
BAR = 100  # the full length of a bar
_GAP = 2  # pixels between columns
_MARGIN = 18
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
    width = step - min(_GAP, step / 4)  # thousands of days still have a width
    scale = (HEIGHT - 2 * _MARGIN) / most
    parts = []
    for at, (label, numbers) in enumerate(found):
        x, y = _MARGIN + at * step, float(HEIGHT - _MARGIN)
        for series, number in zip(SERIES, numbers, strict=True):
            y -= number * scale
            parts.append(_box((x, y, width, number * scale), series, f"{label}: {number}"))
        if at % every == 0:
            half = len(label) * LABEL / 2
            place = min(max(x + width / 2, half), WIDTH - half)
            parts.append(_text(place, HEIGHT - 5, label, "middle"))
    parts.append(_text(2, _MARGIN - 6, str(most), "start"))
    return format_html(
        '<svg class="columns" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>',
        *(WIDTH, HEIGHT, title, format_html_join("", "{}", ((part,) for part in parts))),
    )


def bars(found: Sequence[Column], *, title: str) -> SafeString:
    """Return stacked horizontal bars with their labels, such as messages by rule."""
    most = max((sum(numbers) for _, numbers in found), default=0) or 1
    rows = ((label, _bar(label, numbers, BAR / most), sum(numbers)) for label, numbers in found)
    return format_html(
        '<table class="bars" aria-label="{}"><tbody>{}</tbody></table>',
        title,
        format_html_join("", '<tr><td>{}</td><td>{}</td><td class="n">{}</td></tr>', rows),
    )


def _bar(label: str, numbers: Sequence[int], scale: float) -> SafeString:
    x, parts = 0.0, []
    for series, number in zip(SERIES, numbers, strict=True):
        parts.append(_box((x, 0, number * scale, 1), series, f"{label}: {number}"))
        x += number * scale
    return format_html(
        '<svg viewBox="0 0 {} 1" preserveAspectRatio="none" aria-hidden="true">{}</svg>',
        *(BAR, format_html_join("", "{}", ((part,) for part in parts))),
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
