"""A QR code as rectangles of a PDF's content: sharp at any size, and no picture to decode."""

from itertools import groupby
from typing import Final

_MASK: Final = 2


def operators(address: str, left: float, bottom: float, size: float) -> bytes:
    """Fills the dark modules with the current colour, in points; the margin of four modules lies within `size`."""
    import segno

    # choosing the best of eight masks takes most of the time, and readers take any
    matrix = segno.make_qr(address, error="m", boost_error=False, mask=_MASK).matrix
    module = size / (len(matrix) + 8)
    drawn = [f"{module:.4f} 0 0 {-module:.4f} {left + 4 * module:.3f} {bottom + size - 4 * module:.3f} cm"]
    for y, row in enumerate(matrix):
        x = 0
        for dark, group in groupby(row):
            width = len(list(group))
            if dark:
                drawn.append(f"{x} {y} {width} 1 re")
            x += width
    return "\n".join([*drawn, "f"]).encode()
