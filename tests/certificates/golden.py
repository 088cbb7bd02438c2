"""`PYTHONPATH=src python -m tests.certificates.golden`: draws the golden pictures anew. Look at what has changed."""

import asyncio

from certificates import designs
from tests.certificates.drawing import GOLDEN, NAMES, built_in, evened, line_of


async def main() -> None:
    for script, name in NAMES.items():
        (GOLDEN / f"{script}.png").write_bytes(evened(await line_of(name)).png())
        (GOLDEN / f"{script}-bold.png").write_bytes(evened(await line_of(name, weight="bold", family="serif")).png())
    for name in designs.NAMES:
        (GOLDEN / f"design-{name}.png").write_bytes(evened(await built_in(name), 30).png())


if __name__ == "__main__":
    asyncio.run(main())
