"""Bodies are bounded as they arrive; what a picture or a font costs is known from its header."""

from tests.mutants.guard import Guard

ARRIVING = "src/api/arriving.py"
BODIES = "src/api/bodies.py"
JSON = "src/core/bounded_json.py"
SVG = "src/certificates/svg.py"
TESTS = "tests/api/test_arriving.py"
FILES = "tests/certificates/test_worst_files.py"

GUARDS = (
    Guard(
        "streams of gzip are counted",
        ARRIVING,
        "    if streams > MOST_STREAMS:",
        "    if streams < 0:",
        (TESTS, "-k", "empty_streams"),
    ),
    Guard(
        "what is sent is counted, not only what it unpacks to",
        ARRIVING,
        "    sent = _bounded(pieces(request), limit)",
        "    sent = pieces(request)",
        (TESTS, "-k", "blocks_of_nothing"),
    ),
    Guard(
        "a byte unpacks to so many",
        ARRIVING,
        "    if made > MOST_RATIO * taken + PIECE:",
        "    if made < 0:",
        (TESTS, "-k", "hundred_times"),
    ),
    Guard(
        "pieces are counted",
        ARRIVING,
        "        if count > MOST_TINY + size // SHORTEST:",
        "        if count < 0:",
        (TESTS, "-k", "next_to_nothing"),
    ),
    Guard(
        "lines are counted",
        BODIES,
        "        if number + len(lines) > MAX_LINES:",
        "        if number < 0:",
        (TESTS, "-k", "lines_are_counted"),
    ),
    Guard(
        "a cell ends at its limit",
        BODIES,
        "            if size > MAX_LINE_BYTES + 1:",
        "            if size < 0:",
        (TESTS, "-k", "cell_without_an_end"),
    ),
    Guard(
        "values are counted before they are made",
        JSON,
        "        if values > most:",
        "        if values < 0:",
        (TESTS, "-k", "more_memory"),
    ),
    Guard(
        "rare characters count four times",
        JSON,
        "    if len(body) > MAX_WIDE_BYTES and _WIDE.search(body):",
        "    if not body and _WIDE.search(body):",
        (TESTS, "-k", "more_memory"),
    ),
    Guard(
        "domains to convert are counted",
        "src/api/validation.py",
        "        if len(self._seen) > MAX_FOREIGN_DOMAINS:",
        "        if not email:",
        (TESTS, "-k", "other_scripts"),
    ),
    Guard(
        "events are counted a network before they are read",
        "src/api/delivery_events.py",
        'await rate_limit.check(call.services.event_limit, "event", call.address)',
        "pass",
        (TESTS, "-k", "events_without_end"),
    ),
    Guard(
        "headers are looked at before the body",
        "src/api/delivery_events.py",
        "        source.check_headers(call.request.headers)\n",
        "",
        (TESTS, "-k", "headers_do_not_sign"),
    ),
    Guard(
        "a form has no broken escapes",
        "src/console/visit.py",
        "        if _BROKEN.search(text):",
        "        if not text:",
        ("tests/api/test_worst_bodies.py", "-k", "worst_form and jobs"),
    ),
    Guard(
        "a picture has sides",
        "src/certificates/pictures.py",
        " or max(width, height) > MAX_SIDE",
        "",
        (FILES,),
    ),
    Guard(
        "what is used again is drawn again", SVG, "        if is_drawn:\n", "        if element is None:\n", (FILES,)
    ),
    Guard(
        "an element counts as drawn",
        SVG,
        "        size += max(ELEMENT, sum(map(len, values)))",
        "        size += sum(map(len, values))",
        (FILES,),
    ),
    Guard(
        "characters of a font are counted",
        "src/certificates/font_file.py",
        "    if claimed > MAX_CHARACTERS:",
        "    if claimed < 0:",
        (FILES,),
    ),
)
