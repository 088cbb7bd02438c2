"""The addresses of the console's pages, from the table of its routes, with what stands in them."""

import re
from collections.abc import Iterable, Iterator, Mapping

from console.routes import PAGES

FILES = (".csv", ".zip", "/file", "/mail")  # the last: a mail as it is
REDIRECTS = {"/console/jobs/{job}/preview"}
# what a page asks of its thing, or for in a query
ASKED = {
    "/console/jobs/{job}/start": "/console/jobs/{job draft}/start",
    "/console/jobs/{job}/cancel": "/console/jobs/{job paused}/cancel",
    "/console/jobs/{job}/hand-back": "/console/jobs/{job paused}/hand-back",
    "/console/jobs/{job}/people": "/console/jobs/{job completed}/people?state=failed",
    "/console/sites/{site}/retention": "/console/sites/{site}/retention?keep_people_days=365",
    "/console/sites/{site}/company": "/console/sites/{site}/company?company={company}",
    "/console/sites/{site}/company/delete": "/console/sites/{site}/company/delete?company={company}",
    "/console/callbacks/replay": "/console/callbacks/replay?site={site silent}&state=dead",
}
_NAME = re.compile(r"\{([\w ]+)\}")


def pages(kinds: Mapping[str, Iterable[str]]) -> Iterator[str]:
    """Of all that is looked at, and is neither a file nor the way to another page. Where a path ends with a thing of
    which there are `kinds`, one of each: `/console/jobs/{job}` becomes `/console/jobs/{job running}` and others;
    elsewhere of the first kind alone."""
    for page in PAGES:
        seen = page.method == "GET" and page.access != "public" and page.path not in REDIRECTS
        if seen and not page.path.endswith(FILES):
            path = ASKED.get(page.path, page.path)
            for name in _NAME.findall(path):
                if name in kinds and not path.endswith(f"{{{name}}}"):
                    path = path.replace(f"{{{name}}}", f"{{{name} {next(iter(kinds[name]))}}}")
            yield from _each(path, kinds)


def _each(path: str, kinds: Mapping[str, Iterable[str]]) -> Iterator[str]:
    last = _NAME.search(path.rpartition("/")[2])
    if last and last[1] in kinds:
        yield from (path.replace(last[0], f"{{{last[1]} {kind}}}") for kind in kinds[last[1]])
    else:
        yield path


def filled(path: str, known: Mapping[str, str]) -> str:
    """With what the names in it stand for: that kind, or any of the same."""
    return _NAME.sub(lambda name: known.get(name[1]) or known[name[1].split()[0]], path)
