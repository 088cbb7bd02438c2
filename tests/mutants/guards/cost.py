"""Templates cost what they do, not what they are given; no text costs the square of its length."""

from tests.mutants.guard import Guard

COSTS = "tests/mail/test_costs.py"
BOMBS = "tests/mail/test_bombs.py"
EXPRESSIONS = "tests/core/test_expressions.py"
SVG = "tests/certificates/test_svg.py"

GUARDS = (
    Guard(
        "a product is paid for before it is made",
        "src/mail/sandbox.py",
        "            _pay(context, multiplied(left, right))",
        "            pass",
        (BOMBS, "-k", "a_bomb_ends and (repeated or texts)"),
    ),
    Guard(
        "a format's width is looked at behind a name",
        "src/mail/offered.py",
        r'r"%(?:\([^()%]*\))?[-+ #0]*',
        r'r"%[-+ #0]*',
        (COSTS, "-k", "format"),
    ),
    Guard(
        "a name with brackets hides no width",
        "src/mail/offered.py",
        'if field["kind"] == "(" or any(',
        "if any(",
        (COSTS, "-k", "wide_format"),
    ),
    Guard(
        "slices are paid for, and not the list alone",
        "src/mail/offered.py",
        "    count = _whole(slices)",
        "    count = 0",
        (BOMBS, "-k", "a_bomb_ends and slices"),
    ),
    Guard(
        "each part of an attribute is paid for",
        "src/mail/offered.py",
        """    return 1 + len(re.findall("[.,]", attribute)) if isinstance(attribute, str) else 1""",
        "    return 1",
        (BOMBS, "-k", "a_bomb_ends and attribute"),
    ),
    Guard(
        "a range is paid for",
        "src/mail/offered.py",
        "    return Price(length)\n",
        "    return Price()\n",
        (COSTS, "-k", "range"),
    ),
    Guard(
        "what is stripped is looked for in what it is stripped of",
        "src/mail/offered.py",
        "    return Price(len(value) * len(chars) // STRIPPED) if isinstance(chars, str) else Price()",
        "    return Price()",
        (BOMBS, "-k", "a_bomb_ends and stripped"),
    ),
    Guard(
        "values with one hash are compared each with each",
        "src/mail/offered.py",
        " + _length(value) ** 2 // ALIKE)",
        ")",
        (COSTS, "-k", "one_hash"),
    ),
    Guard(
        "an address in a style is looked for once",
        "src/certificates/svg.py",
        r"""url\s*+\(\s*+['\"]?\s*+[^#'\"\s]",""",
        r"""url\s*\(\s*['\"]?\s*[^#'\"\s]",""",
        (EXPRESSIONS, "-k", "of_ours"),
    ),
    Guard(
        "a style is made of rules",
        "src/certificates/svg.py",
        "    if max(map(len, re.split",
        "    if False and max(map(len, re.split",
        (SVG, "-k", "again_and_again"),
    ),
    Guard(
        "a pattern of dashes is short",
        "src/certificates/svg.py",
        "> MAX_DASHES for value in dashes):",
        "> 100_000 for value in dashes):",
        (SVG, "-k", "again_and_again"),
    ),
    Guard(
        "dashes are counted without a style's comments",
        "src/certificates/svg.py",
        "    style = _checked_style(text, field) if",
        "    style = _checked_style(text, field) and text if",
        (SVG, "-k", "again_and_again"),
    ),
    Guard(
        "long blanks are shortened before HTML is read",
        "src/mail/plain_text.py",
        "    html = _LONG_BLANK.sub(",
        "    _LONG_BLANK.sub(",
        (EXPRESSIONS, "-k", "library and html"),
    ),
    Guard(
        "what begins again and again and never ends is not read",
        "src/mail/plain_text.py",
        "        if len(begun) > _MOST_UNENDED:",
        "        if False:",
        (EXPRESSIONS, "-k", "library and html"),
    ),
    Guard(
        "elements in each other too deep are refused while they are read",
        "src/mail/plain_text.py",
        "            if len(self.tagStack) > _MAX_DEPTH:",
        "            if False:",
        (EXPRESSIONS, "-k", "again_and_again or gone_over"),
    ),
    Guard(
        "texts are gone over a bounded number of times",
        "src/mail/plain_text.py",
        "        if weight > _MAX_WEIGHT:",
        "        if False:",
        (EXPRESSIONS, "-k", "gone_over"),
    ),
    Guard(
        "an end is looked for among few elements without one",
        "src/mail/plain_text.py",
        """ * html.count("</") > _MAX_CLOSED:""",
        """ * html.count("</") < 0:""",
        (EXPRESSIONS, "-k", "again_and_again"),
    ),
    Guard(
        "what is unseen goes by its place",
        "src/mail/plain_text.py",
        "parent.contents[place].extract(place)",
        "parent.contents[place].extract()",
        (EXPRESSIONS, "-k", "again_and_again"),
    ),
)
