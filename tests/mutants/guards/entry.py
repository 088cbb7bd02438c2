"""Who comes in, as whom, and how often they may try."""

from tests.mutants.guard import Guard

ACCESS = "src/tenancy/access.py"
ACCESS_TESTS = "tests/tenancy/test_access.py"
AUTH = "src/api/auth.py"
SIGN_IN = "tests/console/test_sign_in.py"
CONSOLE = "src/console/app.py"
VISIT = "src/console/visit.py"
FORMS = "tests/console/test_forms.py"
UNSUBSCRIBE = "tests/suppressions/test_unsubscribe.py"

GUARDS = (
    Guard(
        "a token of Access is signed by the team",
        ACCESS,
        "if not genuine:",
        "if False:",
        (ACCESS_TESTS,),
    ),
    Guard(
        "a token of Access chooses no algorithm",
        ACCESS,
        'if header.get("alg") != "RS256" or "crit" in header:',
        "if False:",
        (ACCESS_TESTS,),
    ),
    Guard(
        "a token of Access is for this application",
        ACCESS,
        "if audience not in (meant_for if isinstance(meant_for, list) else [meant_for]):",
        "if False:",
        (ACCESS_TESTS,),
    ),
    Guard(
        "a token of Access ends",
        ACCESS,
        "if ends <= now - LEEWAY:",
        "if False:",
        (ACCESS_TESTS,),
    ),
    Guard(
        "made-up tokens do not flood the keys' address",
        ACCESS,
        " and now - keys.asked_at >= KEYS_AGAIN",
        "",
        (ACCESS_TESTS,),
    ),
    Guard(
        "guesses of tokens are counted",
        "src/api/auth.py",
        "if problem.type is UNAUTHENTICATED:",
        "if False:",
        ("tests/api/test_auth.py",),
    ),
    Guard(
        "guesses of the console's secret are counted",
        "src/console/sign_in.py",
        'await rate_limit.check(visit.services.sign_in_limit, "console", visit.address)',
        "_ = rate_limit",
        ("tests/console/test_sign_in.py",),
    ),
    Guard(
        "a household is one network",
        "src/runtime/rate_limit.py",
        "str(ip_network((found, 64), strict=False))",
        "str(found)",
        ("tests/runtime/test_rate_limit.py",),
    ),
    Guard(
        "the secret before still counts, and no other",
        "src/core/signing.py",
        "for secret in secrets)",
        "for secret in list(secrets)[:1])",
        ("tests/docs/test_rotation.py",),
    ),
    Guard(
        "a body is read up to its limit",
        "src/api/arriving.py",
        "if size > limit:",
        "if False:",
        ("tests/api/test_arriving.py", "-k", "blocks_of_nothing"),
    ),
    Guard("a token of Access is of the team", ACCESS, 'if claims.get("iss") != issuer:', "if False:", (ACCESS_TESTS,)),
    Guard(
        "nobody of a site that is disabled comes in by Access",
        "src/console/sessions.py",
        'if not rows or rows[0]["disabled_at"] is not None:',
        "if not rows:",
        ("tests/console/test_users.py",),
    ),
    Guard(
        "a read-only token changes nothing",
        AUTH,
        "if not caller.may_change and request.method not in LOOKING:",
        "if False:",
        ("tests/api/test_auth.py",),
    ),
    Guard(
        "a token that has expired opens nothing", AUTH, 'if row["expired"]:', "if False:", ("tests/api/test_sites.py",)
    ),
    Guard(
        "the site that is disabled is shut out",
        AUTH,
        'if row["disabled_at"] is not None:',
        "if False:",
        ("tests/api/test_auth.py",),
    ),
    Guard(
        "a form of another session changes nothing",
        CONSOLE,
        "            visit.check_form()\n",
        "            pass\n",
        (SIGN_IN,),
    ),
    Guard("the token of a form is the session's own", VISIT, "self.key.encode()).hex()", 'b"").hex()', (SIGN_IN,)),
    Guard(
        "a page is for its roles",
        CONSOLE,
        "if visit.caller.role not in ROLES[page.access]:",
        "if False:",
        (
            "tests/console/test_health.py",
            "tests/console/test_tokens.py",
        ),
    ),
    Guard(
        "whoever may only look changes nothing in the console",
        "src/console/routing.py",
        '"change": {"operator", "site", "company"},',
        '"change": {"operator", "site", "company", "read_only"},',
        (
            "tests/console/test_job_actions.py",
            "-k",
            "only_looks",
        ),
    ),
    Guard(
        "a session is that of the token it came from",
        "src/store/console_sessions.py",
        "ON t.id = s.token_id",
        "ON s.token_id IS NOT NULL",
        ("tests/console/test_tokens.py",),
    ),
    Guard(
        "a session ends after its time",
        "src/store/console_sessions.py",
        "AND s.expires_at > ?2 AND",
        "AND ?2 = ?2 AND",
        (SIGN_IN,),
    ),
    Guard(
        "the operator's session ends with their secret",
        "src/console/sessions.py",
        "if hmac.compare_digest(operator_hash, _operator_hash(services)) else None",
        "if operator_hash else None",
        (SIGN_IN,),
    ),
    Guard(
        "nothing is signed with the secret before",
        "src/suppressions/unsubscribe.py",
        "signature(settings.signing_secret, _PURPOSE, content)",
        "signature(settings.signing_secrets[-1], _PURPOSE, content)",
        ("tests/docs/test_rotation.py",),
    ),
    Guard(
        "a guest's form is worth nothing in a session",
        VISIT,
        '_OF_GUESTS, _OF_SESSIONS = "console-guest-form", "console-form"',
        '_OF_GUESTS, _OF_SESSIONS = "console-form", "console-form"',
        (FORMS, "tests/api/test_public_signatures.py"),
    ),
    Guard(
        "a guest's key is one that we made",
        "src/console/sign_in.py",
        'return key if key and hmac.compare_digest(kept.encode(), _signed(settings, key).encode()) else ""',
        "return key",
        (FORMS,),
    ),
    Guard(
        "the forms of a session of Access are signed with a secret",
        "src/console/sessions.py",
        "ACCESS + await _form_key(token, services))",
        "ACCESS + email)",
        (FORMS,),
    ),
    Guard(
        "what another website's page posts is refused by its origin",
        "src/console/origin.py",
        "not ours.issuperset(origins) or ",
        "",
        (FORMS,),
    ),
    Guard(
        "what another website's page posts is refused by the browser's word",
        "src/console/origin.py",
        " or any(site not in _OURS for site in sites)",
        "",
        (FORMS,),
    ),
    Guard(
        "no form is read of whoever is not signed in",
        CONSOLE,
        'if key and page.method == "POST" else {}',
        'if page.method == "POST" else {}',
        ("tests/docs/test_security.py", "-k", "before_its_session"),
    ),
    Guard(
        "a token of Access whose end is no number is refused",
        ACCESS,
        "or not -_LAST < value < _LAST",
        "",
        (ACCESS_TESTS,),
    ),
    Guard(
        "what Unicode takes for a letter of an address is none",
        "src/core/folding.py",
        "return address.translate(_SMALL)",
        "return address.lower() if _SMALL else address",
        ("tests/core/test_folding.py", ACCESS_TESTS),
    ),
    Guard(
        "no address ends with a line break",
        "src/api/endpoint.py",
        r'self.path_regex = re.compile(self.path_regex.pattern.removesuffix("$") + r"\Z")',
        "_ = re",
        ("tests/api/test_ends.py",),
    ),
    Guard(
        "undoing by one link is bounded",
        "src/store/suppressions.py",
        "< {MOST_UNDONE} AS can_undo",
        "<= {MOST_UNDONE} AS can_undo",
        (UNSUBSCRIBE,),
    ),
    Guard(
        "undoing by one network is bounded",
        "src/suppressions/unsubscribe.py",
        'await rate_limit.check(services.sign_in_limit, "undo", address)',
        "_ = rate_limit",
        (UNSUBSCRIBE,),
    ),
)
