-- What the forge holds the default branch to, as the newest listing read it; rules is null where it could not be read, and problem says why.
ALTER TABLE forge_repositories ADD COLUMN rules jsonb;
ALTER TABLE forge_repositories ADD COLUMN rules_branch text;
ALTER TABLE forge_repositories ADD COLUMN rules_problem text;
ALTER TABLE forge_repositories ADD COLUMN rules_read_at timestamptz;
CREATE INDEX forge_pushes_by_ref ON forge_pushes (host, repository_id, ref);
