"""The check that the core does not name the platform: it finds the words wherever they are said, and nothing else."""

from pathlib import Path

import pytest

from dev import platform_words


def found(folder: Path, about: tuple[str, ...] = (), **files: str | bytes) -> list[str]:
    source = folder / "src/room"
    source.mkdir(parents=True)
    for name, content in files.items():
        path = source / name.replace("_", ".")
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return platform_words.found(folder / "src", dict.fromkeys(about, "a reason"))


@pytest.mark.parametrize(
    ("source", "line", "word"),
    [
        ('"""Of a room.\n\nIn D1 it lies.\n"""', 3, "D1"),
        ('def f():\n    """R2."""', 2, "R2"),
        ('x = request.headers.get("cf-ray")', 1, "cf-"),
        ('x = "X-CF-Ray"', 1, "CF-"),
        ('x = ("cf-",)', 1, "cf-"),
        ("x = f\"{name}: run 'wrangler secret put'\"", 1, "wrangler"),
        ('x = """\nin Wrangler.toml"""', 2, "Wrangler"),
        ('x = b"from Cloudflare\'s network"', 1, "Cloudflare"),
        ('match x:\n    case "Cloudflare": pass', 2, "Cloudflare"),
    ],
)
def test_a_word_in_a_literal_is_told_with_its_line(tmp_path: Path, source: str, line: int, word: str) -> None:
    assert found(tmp_path, a_py=source) == [f"src/room/a.py:{line}: '{word}'"]


@pytest.mark.parametrize("name", ["a_html", "a_css", "a_js", "a_json", "a_toml", "a_po", "a_svg", "a_txt"])
def test_every_other_text_is_looked_at_whole(tmp_path: Path, name: str) -> None:
    files = {name: "one\n<!-- # -->\nthe limits of D1"}
    assert found(tmp_path, **files) == [f"src/room/{name.replace('_', '.')}:3: 'D1'"]


@pytest.mark.parametrize(
    "source",
    [
        "# developers.cloudflare.com/d1/platform/limits: D1 takes no more",
        "class D1(R2): Cloudflare = wrangler",
        "from runtime import cloudflare",
        'PROVIDERS = ("ses", "cloudflare")',  # a provider's name is data
        'NAME = "CLOUDFLARE_ACCOUNT_ID"',
        'DATA = "xD1 d1 D11 R2D2 scf-x wranglers"',
    ],
)
def test_nothing_else_is_a_finding(tmp_path: Path, source: str) -> None:
    assert found(tmp_path, a_py=source) == []


def test_what_is_no_text_is_passed_over(tmp_path: Path) -> None:
    assert found(tmp_path, a_ttf=b"\x00\x01\x00\xff D1") == []


def test_what_is_about_the_platform_may_name_it(tmp_path: Path) -> None:
    assert found(tmp_path, ("room/a.*", "room/b.py"), a_html="D1", a_py="'R2'", b_py="'D1'") == []


def test_an_entry_that_nothing_needs_is_told(tmp_path: Path) -> None:
    [told] = found(tmp_path, ("room/a.py", "room/b.py"), a_py="'R2'", b_py="''")
    assert "room/b.py" in told


def test_the_core_names_no_platform() -> None:
    assert platform_words.found(platform_words.ROOT / "src", platform_words.ABOUT) == []
