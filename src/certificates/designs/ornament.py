"""Ornaments as SVG: braided frames and rosettes such as engravers put on papers of value, and seals."""

import math


def picture(width: float, height: float, *parts: str) -> str:
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}">{"".join(parts)}</svg>'


def braid(x: float, y: float, length: float, amplitude: float, waves: int, vertical: bool = False) -> str:
    """Four strands winding about a line, as the data of a path."""
    half = length / (2 * waves)
    strands = []
    for height in (amplitude, -amplitude, amplitude * 0.45, -amplitude * 0.45):
        curves = []
        for wave in range(2 * waves):
            side = height * (4 / 3) * (1 if wave % 2 == 0 else -1)
            points = ((half * 0.3642, side), (half * 0.6358, side), (half, 0.0))
            curves.append("c" + " ".join(f"{b:.2f} {a:.2f}" if vertical else f"{a:.2f} {b:.2f}" for a, b in points))
        strands.append(f"M{x:.2f} {y:.2f}{''.join(curves)}")
    return "".join(strands)


def strokes(data: str, color: str, width: float) -> str:
    return f'<path d="{data}" fill="none" stroke="{color}" stroke-width="{width}"/>'


def frame(width: float, height: float, inset: float, amplitude: float, color: str, line: float, wave: float) -> str:
    """A braid along the four edges with a rosette on each corner."""
    gap = amplitude * 2.4
    across, down = width - 2 * inset - 2 * gap, height - 2 * inset - 2 * gap
    columns, rows = round(across / wave), round(down / wave)
    sides = braid(inset + gap, inset, across, amplitude, columns) + braid(
        inset + gap, height - inset, across, amplitude, columns
    )
    sides += braid(inset, inset + gap, down, amplitude, rows, vertical=True)
    sides += braid(width - inset, inset + gap, down, amplitude, rows, vertical=True)
    corners = [(x, y) for x in (inset, width - inset) for y in (inset, height - inset)]
    return strokes(sides, color, line) + "".join(rosette(x, y, amplitude * 2.3, 12, color, line) for x, y in corners)


def rosette(x: float, y: float, radius: float, petals: int, color: str, line: float) -> str:
    """Ellipses turned about a centre between two rings."""
    loops = "".join(
        f'<ellipse cx="{x:g}" cy="{y:g}" rx="{radius:.2f}" ry="{radius * 0.42:.2f}"'
        f' transform="rotate({180 * turn / petals:g} {x:g} {y:g})"/>'
        for turn in range(petals)
    )
    rings = "".join(f'<circle cx="{x:g}" cy="{y:g}" r="{radius * share:.2f}"/>' for share in (1.08, 0.22))
    return f'<g fill="none" stroke="{color}" stroke-width="{line}">{loops}{rings}</g>'


def seal(x: float, y: float, radius: float, color: str, paper: str) -> str:
    """A toothed disc with rings and a star."""
    teeth = 40
    edge = [
        (x + math.sin(angle) * reach, y - math.cos(angle) * reach)
        for tooth in range(2 * teeth)
        for angle, reach in [(math.pi * tooth / teeth, radius * (1 if tooth % 2 else 0.93))]
    ]
    star = [
        (x + math.sin(angle) * reach, y - math.cos(angle) * reach)
        for point in range(10)
        for angle, reach in [(math.pi * point / 5, radius * (0.2 if point % 2 else 0.48))]
    ]
    rings = "".join(
        f'<circle cx="{x:g}" cy="{y:g}" r="{radius * share:.2f}" stroke-width="{radius * wide:.2f}"/>'
        for share, wide in ((0.8, 0.045), (0.72, 0.018))
    )
    return f'{polygon(edge, color)}<g fill="none" stroke="{paper}">{rings}</g>{polygon(star, paper)}'


def polygon(points: list[tuple[float, float]], color: str) -> str:
    return f'<polygon points="{" ".join(f"{x:.2f},{y:.2f}" for x, y in points)}" fill="{color}"/>'


def star_band(x: float, y: float, length: float, size: float, color: str) -> str:
    """Eight-pointed stars in a row, joined by small squares: the oldest pattern of tiles."""
    count = round(length / (size * 1.5))
    step = length / count
    drawn = []
    for place in range(count):
        cx = x + step * (place + 0.5)
        half = size / 2 * 0.72
        square = f'<rect x="{cx - half:.2f}" y="{y - half:.2f}" width="{2 * half:.2f}" height="{2 * half:.2f}"'
        drawn.append(f'{square}/>{square} transform="rotate(45 {cx:.2f} {y:g})"/>')
        if place:
            dot = size * 0.13
            left = cx - step / 2
            drawn.append(
                f'<rect x="{left - dot:.2f}" y="{y - dot:.2f}" width="{2 * dot:.2f}" height="{2 * dot:.2f}"'
                f' transform="rotate(45 {left:.2f} {y:g})"/>'
            )
    return f'<g fill="{color}">{"".join(drawn)}</g>'
