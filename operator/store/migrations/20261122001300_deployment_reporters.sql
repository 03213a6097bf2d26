-- The newest state that each account told of a deployment: whoever may report adds a state to anybody's, and is to hide nobody's.
ALTER TABLE forge_deployments ADD COLUMN reporter bigint NOT NULL DEFAULT 0;
UPDATE forge_deployments SET reporter = (facts->'creator'->>'id')::bigint;
ALTER TABLE forge_deployments ALTER COLUMN reporter DROP DEFAULT, DROP CONSTRAINT forge_deployments_pkey,
  ADD PRIMARY KEY (host, repository_id, id, reporter);
CREATE INDEX forge_deployments_by_environment ON forge_deployments (host, repository_id, lower(facts->>'environment'), updated_at DESC);
