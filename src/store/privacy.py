"""Statements that find all that is kept of one person, and those that erase it.

The promise: a person is looked for within the scope only; by reference or address together with the place to go on
from, so that no statement reads more than a given number of people. Who is being mailed at that moment is not erased.
`people` are JSON arrays of {job, position, ref, as}: `as` is what stands in the place of `ref` afterwards.
"""

from core.scope import Scope
from runtime.ports import Statement
from store import audit
from store.recipients import BLANK, REASON_KEPT, REASON_UNLESS_UNSURE, UNLESS_UNSURE
from store.suppressions import A_WISH_WINS, WISHED
from store.tenancy import parameters, within

_CERTIFICATE = """c.code, c.job_id, c.company, c.ref, c.award, c.version, c.state, c.reason, c.file, c.sha256, c.shown,
    c.changes, c.issued_at, c.expires_at, c.ended_at"""
# of ?1: who is still there
_THERE = """FROM json_each({people}) AS p CROSS JOIN recipients r
    ON r.job_id = (p.value ->> 'job') AND r.position = (p.value ->> 'position') WHERE r.email <> ''"""


def address_key(site_id: str) -> Statement:
    """What hashes of the site's people are made with."""
    return Statement("SELECT address_key FROM sites WHERE id = ?1", (site_id,))


def jobs_from(scope: Scope, created_at: int, job_id: str, limit: int) -> Statement:
    """The jobs of a scope, oldest first, from this one on."""
    return Statement(
        f"""SELECT id, created_at, total FROM jobs
            WHERE {within(scope)} AND (created_at, id) >= (?3, ?4) ORDER BY created_at, id LIMIT ?5""",
        (*parameters(scope), created_at, job_id, limit),
    )


def people(ranges: str, ref: str | None, email: str | None, limit: int) -> Statement:
    """Who has this reference or this address, among the positions of a JSON array of {job, first, last}. There is no
    index of addresses, which would be one row more to write for every mail: the people are read instead."""
    by_ref = "INDEXED BY recipients_ref ON r.job_id = (g.value ->> 'job') AND r.ref = ?2"
    read = "ON r.job_id = (g.value ->> 'job')"
    return Statement(
        f"""SELECT r.job_id, r.position, r.ref, r.email, r.name, r.variables, r.state, r.reason, r.detail, r.attempts,
              r.message_id, r.delivery, r.delivery_at, r.updated_at, j.created_at, j.name AS job_name, j.company,
              j.kind, j.batch_size, k.version,
              iif(j.kind = 'certificate', k.content ->> '$.certificate.award', NULL) AS award
            FROM json_each(?1) AS g CROSS JOIN recipients r {read if email else by_ref}
              CROSS JOIN jobs j ON j.id = r.job_id LEFT JOIN job_contents k ON k.job_id = r.job_id
            WHERE r.position BETWEEN (g.value ->> 'first') AND (g.value ->> 'last')
              AND (+r.ref = ?2 OR lower(r.email) = lower(?3)) AND r.email <> ''
            ORDER BY g.key, r.position LIMIT ?4""",
        (ranges, ref, email, limit),
    )


def events(job_id: str, ref: str, after: int, limit: int) -> Statement:
    """The events of a job that name this person, after a sequence: what they say of them, and of nobody else."""
    return Statement(
        """SELECT id, type, sequence, state, created_at, about FROM (
             SELECT c.id, c.type, c.sequence, c.state, c.created_at,
               (SELECT json_group_array(json(e.value)) FROM (
                  SELECT value FROM json_each(c.data, '$.recipients')
                  UNION ALL SELECT value FROM json_each(c.data, '$.certificates')) AS e
                WHERE e.value ->> 'ref' = ?2) AS about
             FROM callbacks c
             WHERE c.job_id = ?1 AND c.sequence > ?3 AND instr(c.data, json_quote(?2)) > 0)
           WHERE about <> '[]' ORDER BY sequence LIMIT ?4""",
        (job_id, ref, after, limit),
    )


def count_events(people: str) -> Statement:
    return Statement(f"SELECT count(*) AS count FROM callbacks WHERE {_NAMED}", (people,))


def certificates_of(people: str) -> Statement:
    """What these people were issued by these jobs, and its corrections."""
    return Statement(
        f"""SELECT {_CERTIFICATE}, c.position FROM json_each(?1) AS p CROSS JOIN certificates c
              ON c.job_id = (p.value ->> 'job') AND c.position = (p.value ->> 'position')
            WHERE c.erased_at IS NULL ORDER BY c.code""",
        (people,),
    )


def certificates_of_ref(scope: Scope, ref: str, after: str, limit: int) -> Statement:
    """What this reference was issued by jobs that have the person no more, after a code."""
    return Statement(
        f"""SELECT {_CERTIFICATE}, c.position FROM certificates c INDEXED BY certificates_of_ref
            WHERE {within(scope, "c.")} AND c.site_id = ?3 AND c.ref = ?4 AND c.code > ?5 AND c.erased_at IS NULL
              AND NOT EXISTS (SELECT 1 FROM recipients r
                              WHERE r.job_id = c.job_id AND r.position = c.position AND r.ref = ?4)
            ORDER BY c.code LIMIT ?6""",
        (*parameters(scope), scope.site_id, ref, after, limit),
    )


def suppressions(scope: Scope, keys: str) -> Statement:
    """The rows of a JSON array of addresses and hashes."""
    return Statement(
        f"""SELECT email, company, category, reason, detail, created_at FROM suppressions
            WHERE {within(scope)} AND email IN (SELECT value FROM json_each(?3)) ORDER BY email, company, category""",
        (*parameters(scope), keys),
    )


def soft_bounces(scope: Scope, keys: str) -> Statement:
    """They are counted for the whole site: a company has none."""
    return Statement(
        f"""SELECT email, bounces, last_at FROM soft_bounces
            WHERE site_id = ?1 AND {_WHOLE_SITE} AND email IN (SELECT value FROM json_each(?3)) ORDER BY email""",
        (*parameters(scope), keys),
    )


def releases(scope: Scope, targets: str) -> Statement:
    """Why they were mailed again, of a JSON array of addresses as the audit trail has them."""
    return Statement(
        f"""SELECT target, company, at, note FROM release_notes
            WHERE {within(scope)} AND target IN (SELECT value FROM json_each(?3)) ORDER BY at""",
        (*parameters(scope), targets),
    )


_WHOLE_SITE = "?2 IS NULL"

# Of the transactions that erase. Each begins with its audit row (`note…`), written only where there is something to do.


def note(entry: audit.Entry, people: str) -> Statement:
    return audit.insert_if(entry, f"EXISTS (SELECT 1 {_THERE.format(people='?10')} AND r.state <> 'sending')", people)


def note_certificates(entry: audit.Entry, certificates: str) -> Statement:
    """`certificates`: a JSON array of {code, as}."""
    condition = """EXISTS (SELECT 1 FROM certificates
        WHERE code IN (SELECT value ->> 'code' FROM json_each(?10)) AND erased_at IS NULL)"""
    return audit.insert_if(entry, condition, certificates)


def note_addresses(entry: audit.Entry, addresses: str) -> Statement:
    """`addresses`: a JSON array of {email, hash}."""
    company = "(?3 IS NULL OR s.company = ?3)"
    condition = f"""EXISTS (SELECT 1 FROM json_each(?10) AS p
        WHERE EXISTS (SELECT 1 FROM suppressions s
                      WHERE s.site_id = ?2 AND s.email = (p.value ->> 'email') AND {company})
          OR NOT EXISTS (SELECT 1 FROM suppressions s WHERE s.site_id = ?2 AND s.email = (p.value ->> 'hash')
                           AND s.company = ifnull(?3, '') AND s.category = '' AND s.reason IN {WISHED}))"""
    return audit.insert_if(entry, condition, addresses)


def erase_people(people: str, now: int) -> Statement:
    """Whoever is pending is cancelled. Their place, state and times stay, so that every count does. What was handed
    back to be mailed by somebody else is not handed back again."""
    return Statement(
        f"""UPDATE recipients
            SET ref = p.value ->> 'as', {BLANK},
                state = iif(state = 'pending', {UNLESS_UNSURE.format(state="cancelled")}, state),
                reason = iif(state = 'pending', {REASON_UNLESS_UNSURE.format(reason="'erased'")}, {REASON_KEPT}),
                updated_at = iif(state = 'pending', ?2, updated_at)
            FROM json_each(?1) AS p
            WHERE (job_id, position) IN (SELECT value ->> 'job', value ->> 'position' FROM json_each(?1))
              AND job_id = (p.value ->> 'job') AND position = (p.value ->> 'position')
              AND email <> '' AND state <> 'sending'""",
        (people, now),
    )


def still_there(people: str) -> Statement:
    """After `erase_people`: those whom it had to leave."""
    return Statement(f"SELECT r.job_id, r.position {_THERE.format(people='?1')}", (people,))


# an event of a job of `people` that may name one of them
_NAMED = """job_id IN (SELECT value ->> 'job' FROM json_each(?1))
    AND EXISTS (SELECT 1 FROM json_each(?1) AS p
                WHERE (p.value ->> 'job') = job_id AND instr(data, json_quote(p.value ->> 'ref')) > 0)"""
_STAND_IN = """(SELECT p.value ->> 'as' FROM json_each(?1) AS p
    WHERE (p.value ->> 'job') = job_id AND (p.value ->> 'ref') = (e.value ->> 'ref'))"""


# a receiver's own words may say anything of anybody; the code before them stays
_CODE = "iif(instr(error, ': '), substr(error, 1, instr(error, ': ') - 1), error)"


def erase_from_attempts(people: str) -> Statement:
    """Before `erase_from_events`: what receivers said of those events."""
    return Statement(
        f"""UPDATE callback_attempts SET error = {_CODE}
            WHERE error IS NOT NULL AND cursor IN (SELECT cursor FROM callbacks WHERE {_NAMED})""",
        (people,),
    )


def erase_from_events(people: str) -> Statement:
    """What was told of them stays told, of nobody: an event is not shorter afterwards."""

    def entries(name: str, blanked: str) -> str:
        return f"""json((SELECT json_group_array(json(iif({_STAND_IN} IS NULL, e.value,
            json_replace(e.value, '$.ref', {_STAND_IN}, {blanked}))))
          FROM (SELECT value FROM json_each(data, '$.{name}') ORDER BY key) AS e))"""

    return Statement(
        f"""UPDATE callbacks
            SET data = json_replace(data, '$.recipients', {entries("recipients", "'$.message_id', NULL")},
              '$.certificates', {entries("certificates", "'$.sha256', NULL, '$.reason', NULL")}), error = {_CODE}
            WHERE {_NAMED}""",
        (people,),
    )


def erase_certificates(certificates: str, now: int) -> Statement:
    """After their files: the rows are what the files are found by. What is left says that there was one, and whose
    institution to ask."""
    return Statement(
        """UPDATE certificates
           SET ref = p.value ->> 'as', reason = NULL, file = '', sha256 = '', changes = '{}', erased_at = ?2,
               shown = json_object('holder', '', 'title', '', 'issuer', shown ->> 'issuer',
                 'locale', shown ->> 'locale')
           FROM json_each(?1) AS p
           WHERE code IN (SELECT value ->> 'code' FROM json_each(?1)) AND code = (p.value ->> 'code')
             AND erased_at IS NULL""",
        (certificates, now),
    )


def erase_addresses(scope: Scope, addresses: str, now: int) -> list[Statement]:
    """`addresses`: a JSON array of {email, hash, target}. Suppressions of addresses become those of their hashes, and
    so is each address from now on: whoever was erased is not mailed. Why they once were released goes. What is the
    whole site's is not a company's to erase."""
    ours = f"{within(scope)} AND email IN (SELECT value ->> 'email' FROM json_each(?3))"
    chosen = (*parameters(scope), addresses)
    return [
        Statement(
            f"""INSERT INTO suppressions (site_id, company, email, category, reason, created_at)
                SELECT s.site_id, s.company, p.value ->> 'hash', s.category, s.reason, s.created_at
                FROM json_each(?3) AS p CROSS JOIN suppressions s ON s.email = (p.value ->> 'email')
                WHERE {within(scope, "s.")} {A_WISH_WINS}""",
            chosen,
        ),
        Statement(
            f"""INSERT INTO suppressions (site_id, company, email, reason, created_at)
                SELECT ?1, ifnull(?2, ''), value ->> 'hash', 'erased', ?4 FROM json_each(?3)
                WHERE true {A_WISH_WINS}""",
            (*chosen, now),
        ),
        Statement(f"DELETE FROM suppressions WHERE {ours}", chosen),
        Statement(
            f"""DELETE FROM release_notes
                WHERE {within(scope)} AND target IN (SELECT value ->> 'target' FROM json_each(?3))""",
            chosen,
        ),
        Statement(
            f"""DELETE FROM soft_bounces WHERE site_id = ?1 AND {_WHOLE_SITE}
                AND email IN (SELECT value ->> 'email' FROM json_each(?3))""",
            chosen,
        ),
    ]
