"""`make mutants`: takes each guard away in a copy of the tree; exits 1 where no test notices."""

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue

from tests.mutants.guard import Guard
from tests.mutants.guards import GUARDS

ROOT = Path(__file__).resolve().parents[2]
PARTS = ("src", "tests", "migrations", "dev", "cli", "docs", "pyproject.toml", "wrangler.toml", "README.md")
AT_ONCE = 2
PATIENCE = 300  # seconds; a guard whose loss makes a test wait without end is noticed as well


def copy_to(folder: Path) -> None:
    for part in PARTS:
        source = ROOT / part
        if source.is_dir():
            shutil.copytree(source, folder / part, ignore=shutil.ignore_patterns("__pycache__", "node_modules"))
        else:
            shutil.copy(source, folder / part)


def noticed(guard: Guard, tree: Path) -> bool:
    """Whether a test fails without the guard."""
    file = tree / guard.file
    text = file.read_text()
    assert text.count(guard.old) == 1, f"{guard.name}: {guard.file} has that text {text.count(guard.old)} times"
    file.write_text(text.replace(guard.old, guard.new))
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *guard.tests]
    try:
        done = subprocess.run(command, cwd=tree, capture_output=True, text=True, timeout=PATIENCE, check=False)
    except subprocess.TimeoutExpired:
        return True
    finally:
        file.write_text(text)
    assert done.returncode in (0, 1), f"{guard.name}: the tests did not run\n{done.stdout}{done.stderr}"
    return done.returncode == 1


def main(names: Sequence[str]) -> int:
    """All guards, or those whose name holds one of the words given."""
    chosen = [guard for guard in GUARDS if not names or any(name in guard.name for name in names)]
    with tempfile.TemporaryDirectory() as place:
        trees: SimpleQueue[Path] = SimpleQueue()
        for number in range(AT_ONCE):
            copy_to(Path(place) / str(number))
            trees.put(Path(place) / str(number))

        def tried(guard: Guard) -> tuple[bool, float]:
            tree, begun = trees.get(), time.monotonic()
            try:
                return noticed(guard, tree), time.monotonic() - begun
            finally:
                trees.put(tree)

        survivors = 0
        with ThreadPoolExecutor(AT_ONCE) as pool:
            for guard, (red, took) in zip(chosen, pool.map(tried, chosen), strict=True):
                survivors += not red
                print(f"{'noticed ' if red else 'SURVIVED'}  {guard.name:<75} {took:4.0f} s  {guard.file}", flush=True)
    print(f"{len(chosen)} guards taken away, {survivors} not noticed")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
