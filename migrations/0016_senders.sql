-- Whom a site may send as besides its own sender: addresses and domains, one blank between them. The operator sets it.

ALTER TABLE sites ADD COLUMN senders TEXT NOT NULL DEFAULT '';

-- So that a running deployment goes on: the addresses that each site sends as today. These are its own sender, its
-- companies' own, and those that its newest 100 jobs use, where the audit trail says that a token of the site itself
-- created the job: what a company's token wrote there is what nobody had looked at. Addresses alone, no domains: another
-- site may share the domain. Look at the list, and put in a domain where each job names another of its addresses.
UPDATE sites SET senders = (
  SELECT ifnull(group_concat(email, ' '), '') FROM (
    SELECT lower(trim(sites.sender_email)) AS email WHERE sites.sender_email IS NOT NULL
    UNION
    SELECT lower(trim(c.sender_email)) FROM companies c WHERE c.site_id = sites.id AND c.sender_email IS NOT NULL
    UNION
    SELECT lower(trim(json_extract(k.content, '$.message.from.email')))
    FROM (SELECT id FROM jobs WHERE site_id = sites.id ORDER BY created_at DESC LIMIT 100) j
      JOIN job_contents k ON k.job_id = j.id
    WHERE json_extract(k.content, '$.message.from.email') IS NOT NULL
      AND EXISTS (SELECT 1 FROM audit a WHERE a.target = j.id AND a.action = 'job.create' AND a.role = 'site')));
