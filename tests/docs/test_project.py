"""What the pages say of the project is so: links, paths, layout, targets, dependencies."""

import ast
import json
import re
import tomllib
from typing import Any

import pytest

from tests.docs.reading import PAGES, ROOT, anchors, code, links, name, names, prose, read, section, sources, table

DEVELOPMENT, README = read("docs/development.md"), read("README.md")
PROJECT: dict[str, Any] = tomllib.loads(read("pyproject.toml"))


def test_every_dependency_has_its_reason() -> None:
    groups = PROJECT["dependency-groups"]
    node = json.loads(read("package.json"))["devDependencies"]
    here = {re.match(r"[\w-]+", package)[0] for group in groups.values() for package in group}  # type: ignore[index]
    asked = section(README, "Dependencies")
    worker, machine = [
        [package for row in re.findall(r"^\| (`.*?) \|", part, re.MULTILINE) for package in code(row)]
        for part in re.split("In the Worker:|On this machine:|Asked for", asked)[1:3]
    ]
    assert worker == [package.split("==")[0] for package in PROJECT["project"]["dependencies"]]
    assert sorted(machine) == sorted(here | node.keys())
    locked = "".join(path.read_text() for path in (ROOT / "locks").iterdir()) + read("package-lock.json")
    for package in names(table(asked, "package", "why not")):
        assert not re.search(rf"^{package}==|node_modules/{package}\"", locked, re.MULTILINE), f"{package} is there"


def test_every_make_target_is_documented_and_every_documented_one_exists() -> None:
    targets = dict(re.findall(r"^([a-z]+):.*## (.*)$", read("Makefile"), re.MULTILINE))
    rows = table(README, "target", "does")
    assert {name(target): does.replace("`", "") for target, does in rows} == targets
    for page in PAGES:
        used = re.findall(r"(?:^|`)make ([a-z]+)", page.read_text(), re.MULTILINE)
        assert set(used) <= targets.keys(), page.name


def test_every_folder_has_its_line_in_the_readme() -> None:
    ignored = {line.strip("/") for line in read(".gitignore").splitlines()}
    hidden = (".", "__")
    folders = {path.name for path in ROOT.iterdir() if path.is_dir() and not path.name.startswith(hidden)}
    shown = {cell.split("/")[0] for row in table(README, "path", "what it is") for cell in code(row[0])}
    assert {folder for folder in folders - ignored if not folder.endswith(".egg-info")} <= shown


def test_every_folder_of_tests_is_documented() -> None:
    folders = {f"tests/{path.name}/" for path in (ROOT / "tests").iterdir() if (path / "__init__.py").is_file()}
    documented = {path for where, _ in table(DEVELOPMENT, "where", "what") for path in code(where)}
    assert folders == {path for path in documented if path.endswith("/")} - {"tests/"}


def test_every_figure_of_the_benchmark_is_documented() -> None:
    found = {
        (node.args[0].value, node.args[2].value)
        for _, tree in sources("tests/bench")
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Figure"
        if isinstance(node.args[0], ast.Constant) and isinstance(node.args[2], ast.Constant)
    }
    assert {(name(figure), unit) for figure, unit, _ in table(DEVELOPMENT, "figure", "unit", "what it is")} == found


def test_every_lock_is_documented() -> None:
    locks = {f"locks/{path.name}" for path in (ROOT / "locks").iterdir()} | {"package-lock.json"}
    assert set(names(table(DEVELOPMENT, "file", "what it locks"))) == locks


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Any) -> None:
    for link in links(page.read_text()):
        if link.startswith("https://"):
            continue
        target, _, anchor = link.partition("#")
        file = page.parent / target if target else page
        assert file.is_file(), link
        assert not anchor or anchor in anchors(file.read_text()), link


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_path_that_is_named_exists(page: Any) -> None:
    folders = "src|cli|dev|tests|docs|locks|migrations"
    for path in re.findall(rf"`((?:{folders})/[\w./-]*)`", prose(page.read_text())):
        assert (ROOT / path).exists(), path


def test_the_readme_leads_to_every_page() -> None:
    pages = table(README, "page", "for")
    assert {f"docs/{page.name}" for page in PAGES if page.parent.name == "docs"} == {
        link for cell, _ in pages for link in links(cell)
    }
