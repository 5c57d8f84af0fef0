"""A small SVG: epsilon over days, one line for each collection and audience, on a logarithmic scale."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape

WIDTH, HEIGHT, LEFT, BOTTOM, RIGHT, TOP = 760, 420, 60, 40, 200, 30
TITLE = "Epsilon of one client so far, by days of visits in every epoch"
COLOURS = ("#1b6ca8", "#c2410c", "#15803d", "#7e22ce", "#a16207", "#be123c")


def spending_svg(curves: Mapping[str, Sequence[tuple[int, float]]], delta: float) -> str:
    """An SVG document."""
    spent = [value for curve in curves.values() for _, value in curve if value > 0] or [0.01, 1.0]
    low, high = math.floor(math.log10(min(spent))), math.ceil(math.log10(max(spent)) + 1e-9)
    days = max((day for curve in curves.values() for day, _ in curve), default=365)

    def at(day: float, value: float) -> tuple[float, float]:
        x = LEFT + (WIDTH - LEFT - RIGHT) * math.log(day) / math.log(max(2, days))
        share = (math.log10(max(value, 10.0**low)) - low) / max(1, high - low)
        return x, HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * share

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
        f'<text x="{LEFT}" y="18" font-size="14">{TITLE}; delta {delta:g}</text>',
    ]
    for power in range(low, high + 1):
        x, y = at(1, 10.0**power)
        parts.append(f'<line x1="{x:.1f}" y1="{y:.1f}" x2="{WIDTH - RIGHT}" y2="{y:.1f}" stroke="#ddd"/>')
        parts.append(f'<text x="{x - 8:.1f}" y="{y + 4:.1f}" text-anchor="end">{10.0**power:g}</text>')
    for day in (1, 7, 30, 90, 365):
        x, _ = at(day, 1)
        parts.append(f'<text x="{x:.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{day} d</text>')
    for number, (name, curve) in enumerate(curves.items()):
        colour, points = COLOURS[number % len(COLOURS)], [at(day, value) for day, value in curve]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        dash = ' stroke-dasharray="5 4"' if name.endswith("/public") else ""
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"{dash}/>')
        y = TOP + 14 + 18 * number
        parts.append(f'<text x="{WIDTH - RIGHT + 12}" y="{y}" fill="{colour}">{escape(name)}</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"
