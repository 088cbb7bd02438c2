"""Runs on Pyodide: how large the heap is once certificates in every script have been drawn. Prints megabytes."""

from importlib import import_module
from pathlib import Path

from certificates import designs
from certificates.design import Design
from certificates.fonts import FontLibrary
from certificates.render import Renderer

NAMES = ("Željko", "محمد", "יעקב", "श्रीकृष्ण", "শ্রীকৃষ্ণ", "கௌரி", "สุภาพร", "김민수", "髙橋 さくら", "王小明")
ROUNDS = 20


async def fetch(name: str) -> bytes:
    return Path(f"/project/fonts/{name}.ttf").read_bytes()  # noqa: ASYNC240 - nothing else runs here


async def main() -> None:
    import_module("queue_consumer")  # what is there before, in the Worker
    fonts = FontLibrary(fetch)
    for batch in range(ROUNDS):  # a batch has a renderer of its own
        renderer = Renderer(Design.load(designs.load("classic")), fonts, {})
        for name in NAMES:
            values = {"name": f"{name} {batch}", "title": "Biology", "issuer": "Campus"}
            await renderer.render(values, code="QK7M", verify_url="https://certificates.example.org", issued=0)
    print(import_module("pyodide_js")._module.HEAP8.length / 1e6)
