"""What runs or loads is taken out of an SVG and told, or the picture is refused; nothing outside is left in any."""

import random

import pytest
from defusedxml.ElementTree import fromstring

from certificates import svg
from certificates.assets import judged
from core.errors import TemplateRefused

SHAPE = '<rect width="10" height="10" fill="#123456"/>'


def picture(inside: str, more: str = "") -> bytes:
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 10 10" '
        f"{more}>{inside}{SHAPE}</svg>"
    ).encode()


STRIPPED = {
    "<script>": picture("<script>alert('evil')</script>"),
    "<foreignObject>": picture('<foreignObject><p xmlns="http://www.w3.org/1999/xhtml">evil</p></foreignObject>'),
    "<namedview>": picture('<e:namedview xmlns:e="http://editor.example/evil"/>'),
    "<animate>": picture('<g><animate attributeName="evil"/></g>'),
    "<image>": picture('<image href="https://evil.example/x.png"/>'),
    "<use>": picture('<use xlink:href="https://evil.example/x.svg#a"/>'),
    "<a>": picture('<a xlink:href="https://evil.example/"><circle r="1"/></a>'),
    "<?…?>": b'<?xml-stylesheet href="https://evil.example/x.css"?>' + picture(""),
    "onclick of <g>": picture('<g onclick="evil()"/>'),
    "onload of <svg>": picture("", 'onload="evil()"'),
    "base of <svg>": picture("", 'xml:base="https://evil.example/"'),
    "href of <linearGradient>": picture('<linearGradient id="g" href="https://evil.example/x.svg#g"/>'),
    "fill of <path>": picture('<path d="M0 0h1v1z" fill="url(https://evil.example/x.svg#g)"/>'),
    "style of <path>": picture('<path d="M0 0h1v1z" style="stroke:#fff;fill: url(\'https://evil.example/x\')"/>'),
    "what <style> refers to outside": picture("<style>@import 'https://evil.example/x.css'; .a{fill:#fff}</style>"),
}


@pytest.mark.parametrize("told", STRIPPED)
def test_what_runs_or_loads_is_taken_out_and_told(told: str) -> None:
    cleaned = svg.clean(STRIPPED[told], "svg")
    assert told in cleaned.removed
    assert b"evil" not in cleaned.data
    svg.check(cleaned.data, "svg")
    assert svg.clean(cleaned.data, "svg") == (cleaned.data, [])
    shapes = [element.tag.rpartition("}")[2] for element in fromstring(cleaned.data).iter()]
    assert shapes[-1] == "rect"


def test_a_picture_with_nothing_to_take_out_stays_as_it_is_to_the_byte() -> None:
    data = picture('<!-- of the editor --><style>.a{fill:url(#g)}</style><g style="fill:#fff"><use href="#a"/></g>')
    assert svg.clean(data, "svg") == (data, [])


def test_the_shapes_in_a_link_stay_and_so_do_a_styles_other_rules() -> None:
    link = svg.clean(STRIPPED["<a>"], "svg").data
    assert b"<circle" in link
    style = svg.clean(STRIPPED["what <style> refers to outside"], "svg").data
    assert b".a{fill:#fff}" in style
    assert b"stroke:#fff" in svg.clean(STRIPPED["style of <path>"], "svg").data


@pytest.mark.parametrize(
    "style",
    [
        r"fill:u\72l(https://evil.example/x)",
        "fill:image-set('https://evil.example/x' 1x)",
        'fill:url( "https://evil.example/x" )',
        "width:expression(evil())",
        "fill:URL(//evil.example/x)",
    ],
)
def test_a_style_spelled_otherwise_is_seen_through(style: str) -> None:
    assert b"evil" not in svg.clean(picture(f"<g style='{style.replace(chr(39), '&apos;')}'/>"), "svg").data
    assert b"evil" not in svg.clean(picture(f"<style>.a{{ {style} }}</style>"), "svg").data
    with pytest.raises(TemplateRefused):
        svg.check(picture(f"<style>.a{{ {style} }}</style>"), "svg")


@pytest.mark.parametrize(
    "data",
    [
        picture("<text>Dean</text>"),
        picture('<image href="data:image/png;base64,AAAA"/>'),
        picture("<filter/>"),
        picture("<g>" * svg.MAX_DEPTH + "</g>" * svg.MAX_DEPTH),
        b"<!DOCTYPE svg>" + picture(""),
        b'<!DOCTYPE svg [<!ENTITY x "evil">]>' + picture("&x;"),
        picture("")[:-1],
        picture("").replace(b"viewBox", b"viewbox"),
        b"<html>" + picture("") + b"</html>",
        b'<?xml version="1.0" encoding="nonsense"?>' + picture(""),
        picture("<!--" + "x" * svg.MAX_SIZE + "-->"),
    ],
)
def test_what_cannot_be_made_sense_of_is_refused(data: bytes) -> None:
    with pytest.raises(TemplateRefused):
        svg.clean(data, "svg")


def test_a_picture_that_would_grow_without_end_is_refused() -> None:
    doubled = "".join(f'<g id="a{n + 1}"><use href="#a{n}"/><use href="#a{n}"/></g>' for n in range(30))
    for inside in (f'<defs><g id="a0">{SHAPE}</g>{doubled}</defs><use href="#a30"/>', '<g id="a"><use href="#a"/></g>'):
        with pytest.raises(TemplateRefused, match="cannot be drawn"):
            judged(picture(inside))


def test_a_picture_with_anything_wrong_in_it_ends_in_our_error_or_stays_clean() -> None:
    chance = random.Random(11)
    everything = picture(
        "".join(data.decode()[data.index(b">") + 1 : -6] for data in STRIPPED.values() if data[:2] == b"<s")
    )
    for _ in range(400):
        damaged = bytearray(everything)
        for _ in range(chance.choice((1, 3, 20))):
            damaged[chance.randrange(len(damaged))] = chance.choice(b"<>\"'/#=&;:(){} abcxyz\\\0\xff")
        if chance.random() < 0.2:
            del damaged[chance.randrange(len(damaged)) :]
        try:
            cleaned = svg.clean(bytes(damaged), "svg")
        except TemplateRefused:
            continue
        svg.check(cleaned.data, "svg")
        assert b"<script" not in cleaned.data
        assert b"onclick" not in cleaned.data


@pytest.mark.parametrize("nested", ['<g opacity=".9">' * 30 + SHAPE + "</g>" * 30, "used"])
def test_a_picture_nested_deeper_than_an_archive_may_be_is_refused(nested: str) -> None:
    if nested == "used":
        steps = "".join(f'<g id="a{n + 1}" opacity=".9"><use href="#a{n}"/></g>' for n in range(30))
        nested = f'<defs><g id="a0">{SHAPE}</g>{steps}</defs><use href="#a30"/>'
    with pytest.raises(TemplateRefused, match="too deep"):
        judged(picture(nested))
    assert judged(picture('<g opacity=".9">' * 20 + SHAPE + "</g>" * 20)).removed == []


DASHES = " ".join("1" * (svg.MAX_DASHES + 1))


@pytest.mark.parametrize(
    ("inside", "told"),
    [
        (f'<path d="M0 0h1" stroke-dasharray="{DASHES}"/>', "stroke-dasharray of more than 32 numbers"),
        (f'<path d="M0 0h1" style="stroke-dasharray : {DASHES}"/>', "stroke-dasharray of more than 32 numbers"),
        (f"<style>.a{{stroke-dasharray/**/:1/*;*/ {DASHES}}}</style>", "stroke-dasharray of more than 32 numbers"),
        ("<style>.a{fill:red}/* b</style>", "a comment that does not end"),
        ("<style>" + "a" * 1_001 + "</style>", "1,000 characters outside its rules"),
        ("<style>.a{fill:red}{" + "a:b;" * 300 + "}</style>", "1,000 characters outside its rules"),
    ],
)
def test_what_would_be_drawn_or_read_again_and_again_is_refused(inside: str, told: str) -> None:
    with pytest.raises(TemplateRefused, match=told):
        svg.check(picture(inside), "svg")


def test_long_styles_and_ordinary_dashes_stay() -> None:
    style = (
        ".a" + ",.a" * 500 + "{stroke:red;stroke-dasharray:5,3 2}/* x */ @media print { .b{" + "fill:red;" * 200 + "} }"
    )
    data = picture(f"<style>{style}</style>")
    assert svg.clean(data, "svg") == (data, [])
