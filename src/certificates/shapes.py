"""Lines, boxes and frames as a PDF's operators, in points from the lower left corner of the page."""

import math
from typing import Final

_CURVE: Final = 0.5523  # how far a Bézier curve's handles reach for a quarter of a circle


def color(code: str, stroke: bool = False) -> bytes:
    parts = " ".join(f"{int(code[at : at + 2], 16) / 255:.3g}" for at in (1, 3, 5))
    return f"{parts} {'RG' if stroke else 'rg'}".encode()


def turned(degrees: float, x: float, y: float) -> bytes:
    """Turns what follows clockwise about a point."""
    sine, cosine = math.sin(math.radians(-degrees)), math.cos(math.radians(degrees))
    dx, dy = x - cosine * x + sine * y, y - sine * x - cosine * y
    return f"{cosine:.5f} {sine:.5f} {-sine:.5f} {cosine:.5f} {dx:.3f} {dy:.3f} cm".encode()


def line(x0: float, y0: float, x1: float, y1: float, thickness: float, code: str) -> bytes:
    return color(code, stroke=True) + f" {thickness:.3f} w {x0:.3f} {y0:.3f} m {x1:.3f} {y1:.3f} l S".encode()


def rectangle(
    x: float,
    y: float,
    width: float,
    height: float,
    fill: str | None,
    stroke: str | None,
    thickness: float,
    radius: float = 0,
) -> bytes:
    paint = {(True, True): b"B", (True, False): b"f", (False, True): b"S"}.get((bool(fill), bool(stroke)), b"n")
    parts = [color(fill)] if fill else []
    if stroke:
        parts += [color(stroke, stroke=True), f"{thickness:.3f} w".encode()]
    return b" ".join([*parts, _rounded(x, y, width, height, min(radius, width / 2, height / 2)), paint])


def _rounded(x: float, y: float, width: float, height: float, radius: float) -> bytes:
    if not radius:
        return f"{x:.3f} {y:.3f} {width:.3f} {height:.3f} re".encode()
    r, k, right, top = radius, radius * (1 - _CURVE), x + width, y + height
    path = [
        (x + r, y),
        (right - r, y),
        (right - k, y, right, y + k, right, y + r),
        (right, top - r),
        (right, top - k, right - k, top, right - r, top),
        (x + r, top),
        (x + k, top, x, top - k, x, top - r),
        (x, y + r),
        (x, y + k, x + k, y, x + r, y),
    ]
    drawn = [" ".join(f"{number:.3f}" for number in points) + (" c" if len(points) == 6 else " l") for points in path]
    return " ".join(["m".join(drawn[0].rsplit("l", 1)), *drawn[1:], "h"]).encode()
