-- By which way deliveries of a repository come, and whether the forge still lets us reach it, as far as deliveries told: written by intake alone,
-- read by the Repository controller. `access` other than 'granted' is a hint: whoever acts on it looks at the forge first.
CREATE TABLE forge_hooks (
  host text NOT NULL,
  repository_id bigint NOT NULL,
  -- When the newest delivery about the repository arrived.
  delivered_at timestamptz,
  -- The App's installation that delivers; null while only the repository's own webhook has.
  installation_id bigint,
  -- 'suspended', 'removed': the App's installation was, or no longer has the repository. 'unhooked': the webhook was taken away.
  access text NOT NULL DEFAULT 'granted' CHECK (access IN ('granted', 'suspended', 'removed', 'unhooked')),
  access_at timestamptz NOT NULL DEFAULT '-infinity',
  PRIMARY KEY (host, repository_id)
);
CREATE INDEX forge_hooks_by_installation ON forge_hooks (host, installation_id);

-- Deployments as whoever deploys reports them: the newest state of each. `status_id` orders states of one second; 0 is the deployment itself.
CREATE TABLE forge_deployments (
  host text NOT NULL,
  repository_id bigint NOT NULL,
  id bigint NOT NULL,
  sha text NOT NULL,
  facts jsonb NOT NULL,
  status_id bigint NOT NULL,
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (host, repository_id, id)
);
CREATE INDEX forge_deployments_by_sha ON forge_deployments (host, repository_id, sha);

-- Commands people wrote, by the comment that holds them: each is taken once, in the transaction of the events it leads to.
-- `answer` is what the person is told; it is written to the forge as an effect, which may come after a crash.
CREATE TABLE commands (
  host text NOT NULL,
  repository_id bigint NOT NULL,
  comment_id bigint NOT NULL,
  subject uuid NOT NULL,
  actor jsonb NOT NULL,
  command text NOT NULL,
  accepted boolean NOT NULL,
  answer text NOT NULL,
  delivery text NOT NULL,
  taken_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (host, repository_id, comment_id)
);
