"""Plots as inline SVG: no script, no font and no file beside them."""

from collections.abc import Mapping, Sequence
from html import escape

from evals.numbers import signed, significant

WIDTH = 260
BINS = 12


def bar(value: float, interval: tuple[float, float] | None, *, most: float) -> str:
    """A horizontal bar from zero, with its interval as a line across the end."""
    scale = WIDTH / most if most > 0 else 0.0
    end = min(max(value, 0.0) * scale, WIDTH)
    parts = [f'<rect class="bar" x="0" y="5" width="{end:.1f}" height="10"/>']
    if interval:
        low, high = (min(max(bound * scale, 0.0), WIDTH) for bound in interval)
        parts.append(f'<path class="whisker" d="M{low:.1f} 10H{high:.1f}M{low:.1f} 6v8M{high:.1f} 6v8"/>')
    return _svg(WIDTH, 20, parts, significant(value))


def difference(value: float, interval: tuple[float, float], *, most: float, mark: str) -> str:
    """A point with its interval around a middle line of zero; `mark` is better, worse or same."""
    half = WIDTH / 2

    def at(number: float) -> float:
        return half + max(-1.0, min(1.0, number / most if most > 0 else 0.0)) * half

    low, high = at(interval[0]), at(interval[1])
    parts = [
        f'<path class="zero" d="M{half} 0v20"/>',
        f'<path class="whisker {mark}" d="M{low:.1f} 10H{high:.1f}M{low:.1f} 6v8M{high:.1f} 6v8"/>',
        f'<circle class="{mark}" cx="{at(value):.1f}" cy="10" r="4"/>',
    ]
    return _svg(WIDTH, 20, parts, signed(value))


def histogram(values: Sequence[float]) -> str:
    """How values are distributed, in twelve bins from the least to the greatest."""
    low, high = min(values), max(values)
    width = (high - low) / BINS or 1.0
    counts = [0] * BINS
    for value in values:
        counts[min(int((value - low) / width), BINS - 1)] += 1
    step, most = WIDTH / BINS, max(counts)
    parts = [
        f'<rect class="bar" x="{index * step:.1f}" y="{36 - 34 * number / most:.1f}" '
        f'width="{step - 2:.1f}" height="{34 * number / most:.1f}"><title>{number}</title></rect>'
        for index, number in enumerate(counts)
    ]
    parts.append(
        f'<text x="0" y="48">{significant(low)}</text>'
        f'<text x="{WIDTH}" y="48" text-anchor="end">{significant(high)}</text>'
    )
    return _svg(WIDTH, 50, parts, f"{len(values)} values")


def shares(means: Mapping[str, float], *, most: float) -> str:
    """One thin bar for each name, under one another, with its value behind it."""
    names = list(means)
    room = WIDTH - 70 - 36
    widths = {name: min(max(means[name], 0.0) * room / most, room) if most > 0 else 0.0 for name in names}
    parts = [
        f'<text x="0" y="{12 + 14 * row}">{escape(name)}</text>'
        f'<rect class="bar" x="70" y="{4 + 14 * row}" width="{widths[name]:.1f}" height="9"/>'
        f'<text x="{74 + widths[name]:.1f}" y="{12 + 14 * row}">{significant(means[name])}</text>'
        for row, name in enumerate(names)
    ]
    return _svg(WIDTH, 14 * len(names) + 6, parts, ", ".join(f"{name} {significant(means[name])}" for name in names))


def _svg(width: int, height: int, parts: Sequence[str], label: str) -> str:
    return (
        f'<svg role="img" aria-label="{escape(label, quote=True)}" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}">{"".join(parts)}</svg>'
    )
