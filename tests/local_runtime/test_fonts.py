"""The fonts of certificates get into R2 as the pages say: every one, under the name that the Worker asks for."""

import json
import os
import subprocess
from pathlib import Path

from certificates.fonts import BUNDLED, UPLOADED
from dev.server import PATIENCE, ROOT, LocalRuntime


def test_the_list_of_uploads_is_that_of_the_fonts_and_of_the_files() -> None:
    listed = json.loads((ROOT / "fonts/upload.json").read_text())
    assert all(one["key"] == one["file"] for one in listed)
    names = {Path(one["file"]).stem for one in listed}
    assert names == set(UPLOADED) == {path.stem for path in (ROOT / "fonts").glob("*.ttf")}


def test_the_worker_carries_the_others() -> None:
    assert {path.name for path in (ROOT / "src/certificates/faces").iterdir()} == {f"{name}.ttf" for name in BUNDLED}


def test_make_fonts_puts_them_into_r2(tmp_path: Path) -> None:
    command = ["make", "fonts", f"ARGS=--local --persist-to {tmp_path}"]
    environment = {**os.environ, "CI": "true", "WRANGLER_SEND_METRICS": "false"}
    subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=True, timeout=PATIENCE)
    name, got = sorted(UPLOADED)[0], tmp_path / "got"
    runtime = LocalRuntime(tmp_path)
    runtime.wrangler("r2", "object", "get", f"cloud-offload-files/fonts/{name}.ttf", "--file", str(got))
    assert got.read_bytes() == (ROOT / f"fonts/{name}.ttf").read_bytes()
