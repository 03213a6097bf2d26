-- additive
-- What answered last when a model was asked for: a provider may put another one behind the same name.
CREATE TABLE ledger_asked (
  agent_uid text NOT NULL,
  asked text NOT NULL,
  model text NOT NULL,
  at timestamptz NOT NULL,
  PRIMARY KEY (agent_uid, asked)
);
-- The lines of each merged change that are told apart from others, and the commits that took them: one row a change. They can be read from git again.
CREATE TABLE ledger_lines (
  stream uuid NOT NULL,
  merge_sha text NOT NULL,
  host text NOT NULL,
  repo_id bigint NOT NULL,
  paths text[] NOT NULL,
  lines jsonb NOT NULL,
  kept_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (stream, merge_sha)
);
CREATE INDEX ledger_lines_paths ON ledger_lines USING gin (paths);
CREATE INDEX ledger_lines_place ON ledger_lines (host, repo_id, kept_at);
