"""Certificates: their links, their pictures, and how they go with mails."""

from tests.mutants.guard import Guard

NEW_LINK = "tests/api/test_new_link.py"

GUARDS = (
    Guard(
        "a holder is mailed a new link once an hour",
        "src/store/links.py",
        "AND (link_mailed_at IS NULL OR link_mailed_at <= ?2 - ?3)",
        "AND (link_mailed_at IS NULL OR link_mailed_at <= ?2)",
        (NEW_LINK,),
    ),
    Guard(
        "no new link goes to a suppressed address",
        "src/store/links.py",
        "AND p.company IN ('', ifnull(j.company, '')) AND p.category IN ('', j.category)))",
        "AND p.company IN ('', ifnull(j.company, '')) AND p.category = ' '))",
        (NEW_LINK,),
    ),
    Guard(
        "a picture that a job needs is not deleted",
        "src/store/assets.py",
        "AND j.state NOT IN ('completed', 'cancelled') AND instr(k.content, ?3)",
        "AND j.state IN ('completed', 'cancelled') AND instr(k.content, ?3)",
        ("tests/api/test_assets.py",),
    ),
    Guard(
        "nothing outside is left in a picture",
        "src/certificates/svg.py",
        "removed += _strip(root)",
        "removed += []",
        ("tests/certificates/test_svg.py",),
    ),
    Guard(
        "a mail goes with its file only where the provider takes one so large",
        "src/sending/group.py",
        "if whole.most_bytes <= limit else",
        "if whole.most_bytes else",
        (
            "tests/certs/test_attachments.py",
            "-k",
            "cannot_have",
        ),
    ),
    Guard(
        "no file is attached that fills the memory",
        "src/certs.py",
        "if len(pdf) > LARGEST_ATTACHED:",
        "if not pdf:",
        (
            "tests/certs/test_attachments.py",
            "-k",
            "cannot_have",
        ),
    ),
    Guard(
        "codes cannot be tried at will",
        "src/api/verification.py",
        'await rate_limit.check(call.services.page_limit, "page", call.address)',
        "_ = rate_limit",
        (
            "tests/api/test_verification.py",
            "-k",
            "slowed",
        ),
    ),
    Guard(
        "new links cannot be asked for at will",
        "src/api/verification.py",
        'await rate_limit.check(call.services.sign_in_limit, "link", call.address)',
        "_ = rate_limit",
        (NEW_LINK,),
    ),
    Guard(
        "a new link that may have left is not mailed again within the hour",
        "src/pages/new_link.py",
        "if isinstance(failure, NotAccepted) and not isinstance(failure, Rejected):",
        "if not isinstance(failure, Rejected):",
        ("tests/faults/test_certificates.py", "-k", "row_24"),
    ),
    Guard(
        "a new link that certainly did not leave may be asked for again",
        "src/pages/new_link.py",
        "if isinstance(failure, NotAccepted) and not isinstance(failure, Rejected):",
        "if False:",
        ("tests/faults/test_certificates.py", "-k", "row_24"),
    ),
    Guard(
        "a file that no row speaks of is taken away",
        "src/certs.py",
        'await discard(self._issuing.services, [issued.row["file"]])',
        "pass",
        ("tests/certs/test_issuing.py",),
    ),
)
