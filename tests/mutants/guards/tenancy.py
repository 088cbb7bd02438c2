"""One site, and one company of it, never sees or changes what is another's; what was done stays in the trail."""

from tests.mutants.guard import Guard

TENANCY = "src/store/tenancy.py"
VISIT = "src/console/visit.py"
TRAIL = "tests/api/test_audit.py"
ISOLATION = "tests/faults/test_isolation.py"
JOBS = "src/store/jobs.py"
COMPANIES = "src/api/companies.py"
OWN = "tests/api/test_companies.py"
SENDERS = "src/mail/senders.py"
SENDING_AS = "tests/api/test_senders.py"

GUARDS = (
    Guard(
        "a job is found only within its site",
        JOBS,
        "FROM jobs WHERE {within(scope)} AND id = ?3",
        "FROM jobs WHERE ?1 IS ?1 AND (?2 IS NULL OR company = ?2) AND id = ?3",
        (ISOLATION,),
    ),
    Guard(
        "a job is found only within its company",
        JOBS,
        "FROM jobs WHERE {within(scope)} AND id = ?3",
        "FROM jobs WHERE (?1 IS NULL OR site_id = ?1) AND ?2 IS ?2 AND id = ?3",
        (ISOLATION,),
    ),
    Guard(
        "a scope of a site ends with the site",
        TENANCY,
        "({table}site_id = ?1 AND ?2 IS NULL)",
        "(?1 = ?1 AND ?2 IS NULL)",
        (ISOLATION,),
    ),
    Guard("a scope of a company ends with the company", TENANCY, "{table}company = ?2)", "?2 = ?2)", (ISOLATION,)),
    Guard(
        "a company's visit to its site is the company's still",
        VISIT,
        "scope = self.caller.scope or Scope(site_id)",
        "scope = Scope(site_id)",
        (
            "tests/console/test_callbacks.py",
            "tests/console/test_companies.py",
        ),
    ),
    Guard(
        "a page shows a site only to whoever may see it",
        VISIT,
        "if self.caller.scope is None or self.caller.scope.site_id == site_id:",
        "if True:",
        (
            "tests/console/test_sites.py",
            "tests/console/test_health.py",
        ),
    ),
    Guard(
        "a company's events alone are posted again for it",
        "src/store/callbacks.py",
        "WHERE site_id = ?1 AND (?2 IS NULL OR company = ?2) AND state IN (SELECT value FROM json_each(?3))",
        "WHERE site_id = ?1 AND ?2 IS ?2 AND state IN (SELECT value FROM json_each(?3))",
        ("tests/api/test_callbacks.py",),
    ),
    Guard(
        "an event of another company is not there to be posted again",
        "src/store/callbacks.py",
        "WHERE id = value AND site_id = ?1 AND (?2 IS NULL OR company = ?2)) LIMIT 1",
        "WHERE id = value AND site_id = ?1 AND ?2 IS ?2) LIMIT 1",
        ("tests/api/test_callbacks.py",),
    ),
    Guard(
        "no row of the audit trail is changed",
        "migrations/0019_kept_and_audit.sql",
        "BEFORE UPDATE ON audit BEGIN",
        "BEFORE UPDATE ON audit WHEN false BEGIN",
        (
            TRAIL,
            "-k",
            "no_statement",
        ),
    ),
    Guard(
        "no row of the audit trail is deleted",
        "migrations/0001_initial.sql",
        "BEFORE DELETE ON audit BEGIN",
        "BEFORE DELETE ON audit WHEN false BEGIN",
        (
            TRAIL,
            "-k",
            "no_statement",
        ),
    ),
    Guard(
        "no row of the audit trail is replaced",
        "migrations/0005_companies.sql",
        "WHEN EXISTS (SELECT 1 FROM audit WHERE id = new.id)",
        "WHEN false",
        (
            TRAIL,
            "-k",
            "no_statement",
        ),
    ),
    Guard(
        "a site sends as what the operator listed and as nobody else",
        SENDERS,
        "if sender != of_site and not _is_listed(",
        "if False and not _is_listed(",
        (SENDING_AS,),
    ),
    Guard(
        "a company's token sends as nobody but the company or its site",
        SENDERS,
        "if company is not None and sender not in",
        "if False and sender not in",
        (SENDING_AS,),
    ),
    Guard(
        "the sender of a company is one of its site's",
        COMPANIES,
        'if body.get("from"):',
        'if False and body.get("from"):',
        (SENDING_AS,),
    ),
    Guard(
        "a draft does not start as whom the operator took away",
        "src/jobs/actions.py",
        'senders.check(content["message"]["from"]["email"], found)',
        "pass",
        (SENDING_AS,),
    ),
    Guard(
        "a job of a company's token is held to the company",
        "src/api/messages.py",
        "company if call.scope.company else None",
        "None",
        (SENDING_AS,),
    ),
    Guard(
        "a domain in a site's senders is that domain, and not what ends like it",
        SENDERS,
        'domain.endswith(entry.removeprefix("*"))',
        'domain.endswith(entry.removeprefix("*."))',
        ("tests/mail/test_senders.py",),
    ),
    Guard(
        "a company's token does not choose the company's sender",
        COMPANIES,
        'if call.caller.role != "company":',
        "if True:",
        (OWN,),
    ),
    Guard(
        "a company's token does not reach another company's settings",
        COMPANIES,
        "if scope.company not in (None, company) or",
        "if",
        (OWN,),
    ),
    Guard(
        "the address of a logo is signed",
        "src/tenancy/logos.py",
        "if is_genuine(settings.signing_secrets, _PURPOSE, content, given) else None",
        "",
        (OWN,),
    ),
    Guard(
        "the jobs of a company share its rate",
        "src/queue_consumer.py",
        'self.standing["company_lanes"])',
        "1)",
        ("tests/queue_consumer/test_batches.py", "-k", "rate_of_a_company"),
    ),
    Guard(
        "the operator's address is shown to nobody else",
        "src/api/audit.py",
        'foreign = call.caller.scope is not None and row["role"] == "operator"',
        "foreign = False",
        (TRAIL,),
    ),
    Guard(
        "a look through the audit trail is bounded",
        "src/monitoring/audit.py",
        "if chosen.action is None and chosen.actor is None:",
        "if True:",
        (TRAIL,),
    ),
)
