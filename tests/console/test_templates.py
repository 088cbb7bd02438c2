"""What a page looks like stands in files of its own kind: no markup, style or script in the strings of a module; every
template and every file beside it is used, is there, and compiles."""

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from jinja2 import Environment, nodes
from jinja2.meta import find_referenced_templates

from console import frame
from pages import base
from tests.docs.reading import ROOT

ROOMS: dict[str, Callable[[], Environment]] = {"console": frame.templates, "pages": base.templates}
MARKUP = re.compile(
    r"</?[a-z][\w-]*[\s/>]|<!|&(?:#\d+|[a-z]+\d?);"  # HTML
    r"|\{[{%#]"  # Jinja
    r"|[\w\])]\s*\{[^{}]*[\w-]+\s*:[^{}]*\}"  # a rule of CSS
    r"|=>|\bfunction\b\s*\w*\(|\b(?:const|let|var) \w+ =|\b(?:document|window)\.\w",  # JavaScript
    re.IGNORECASE,
)
PASSED_THROUGH = {"{{ subject }}"}  # the whole subject of a mail, which is written elsewhere
PARTS = re.compile(r"\bparts\.(\w+)\(")


def room(name: str) -> Path:
    return ROOT / "src" / name


def files(name: str, folder: str) -> set[str]:
    """Of pages; what is mailed lies in folders of its own."""
    return {path.name for path in (room(name) / folder).iterdir() if path.is_file()}


def strings(module: Path) -> Iterator[tuple[int, str]]:
    """With their lines; of an f-string what stands around its values; no docstrings."""
    tree = ast.parse(module.read_text())
    passed = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            passed |= {id(value) for value in node.values}
            yield (
                node.lineno,
                "".join(str(part.value) if isinstance(part, ast.Constant) else "…" for part in node.values),
            )
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in passed:
            yield node.lineno, node.value


def named(name: str) -> set[str]:
    """What the modules of a room name, and the templates that its templates do."""
    found = {text for module in room(name).glob("*.py") for _, text in strings(module)}
    for template in files(name, "templates"):
        for used in find_referenced_templates(ROOMS[name]().parse(source(name, template))):
            assert used is not None, f"{template} chooses a template while it is drawn"
            found.add(used)
    return found


def source(name: str, template: str) -> str:
    return (room(name) / "templates" / template).read_text()


@pytest.mark.parametrize(
    ("string", "found"),
    [
        ("<p>Nobody", True),
        ("a line<br>", True),
        ("</table>", True),
        ('<a href="…">', True),
        ("&nbsp;", True),
        ("{{ name }}", True),
        (".card { color: red }", True),
        ("const seconds = 3", True),
        ("() => 1", True),
        ("Zoë <zoe@example.org>", False),
        ("… <…>", False),
        ("/console/jobs/{job}", False),
        ("default-src 'none'; img-src data:; font-src data:", False),
        ("/console/jobs?state=failed&reason=…", False),
    ],
)
def test_markup_is_told_from_text(string: str, found: bool) -> None:
    assert bool(MARKUP.search(string)) is found


@pytest.mark.parametrize("name", ROOMS)
def test_no_module_has_markup_in_its_strings(name: str) -> None:
    found = [
        f"{module.name}:{line}: {text[:80]!r}"
        for module in room(name).glob("*.py")
        for line, text in strings(module)
        if MARKUP.search(text) and text not in PASSED_THROUGH
    ]
    assert not found


@pytest.mark.parametrize("folder", ["templates", "static"])
@pytest.mark.parametrize("name", ROOMS)
def test_every_file_is_used(name: str, folder: str) -> None:
    assert files(name, folder) <= named(name)


@pytest.mark.parametrize("name", ROOMS)
def test_every_file_that_is_used_is_there(name: str) -> None:
    used = {text for text in named(name) if re.fullmatch(r"\w+\.(?:html|css|js|svg)", text)}
    assert used <= {path.name for folder in ("templates", "static") for path in (room(name) / folder).rglob("*")}


@pytest.mark.parametrize("name", ROOMS)
def test_every_template_compiles(name: str) -> None:
    environment = ROOMS[name]()
    for template in files(name, "templates"):
        environment.get_template(template)


def test_every_part_is_there_and_used() -> None:
    environment = frame.templates()
    used = {part for name in files("console", "templates") for part in PARTS.findall(source("console", name))}
    tree = environment.parse(source("console", "parts.html"))
    called = {call.node.name for call in tree.find_all(nodes.Call) if isinstance(call.node, nodes.Name)}
    own = called - {"caller"} - environment.globals.keys()
    assert {macro.name for macro in tree.find_all(nodes.Macro)} == used | own
