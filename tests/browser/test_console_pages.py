"""Every page of the console, as the table of its routes has them, in light, dark and on a phone."""

import re
from collections.abc import Iterator

import pytest

from console.routes import PAGES
from dev.demo.scene import Scene
from tests.browser.browsing import LOOKS, Look
from tests.browser.conftest import Open
from tests.live import Live

# which of a kind a page is looked at with, by the name in its path
OF_EACH = {
    "job": ("completed", "running", "paused", "scheduled", "draft", "dead", "cancelled", "certificates", "quota"),
    "code": ("valid", "expired", "revoked", "superseded"),
}
FILES = (".csv", ".zip")


def paths() -> Iterator[str]:
    """Of the pages that are looked at; `{job}` is told as `{job completed}`."""
    for page in PAGES:
        if page.method == "GET" and page.access != "public" and not page.path.endswith(FILES):
            [name, *more] = re.findall(r"\{(\w+)\}", page.path) or [""]
            which = OF_EACH.get(name, ("",))
            for each in which[:1] if more else which:
                yield page.path.replace(f"{{{name}}}", f"{{{name} {each}}}") if each else page.path


@pytest.fixture(scope="package")
def known(scene: Scene, service: Live) -> dict[str, str]:
    """What the names in paths stand for."""
    person = scene.campus.get(f"/v1/jobs/{scene.jobs['completed']}/recipients", state="failed")["recipients"][0]
    return {
        **{f"job {name}": id for name, id in scene.jobs.items()},
        **{f"code {name}": code for name, code in scene.certificates.items()},
        "ref": person["ref"],
        "site": scene.campus.id,
        "letter": service.operator.get("/v1/dead-letters")["dead_letters"][0]["id"],
        "event": scene.academy.get("/v1/callbacks", state="dead")["callbacks"][0]["id"],
    }


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("path", list(paths()))
def test_everybody_can_use_the_page(signed_in: Open, known: dict[str, str], path: str, look: Look) -> None:
    with signed_in(look) as window:
        window.open(re.sub(r"\{([\w ]+)\}", lambda name: known[name[1]], path))
        name = re.sub(r"\W+", "-", path).strip("-")
        window.picture(f"{name}-{look}")
        window.judge()


@pytest.mark.parametrize("look", LOOKS)
def test_everybody_can_sign_in(open_window: Open, look: Look) -> None:
    with open_window(look) as window:
        window.open("/console/sign-in")
        window.picture(f"console-sign-in-{look}")
        window.judge()
