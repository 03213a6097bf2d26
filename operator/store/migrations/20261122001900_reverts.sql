-- additive
-- How far the base branch of each forge repository has been looked through for what takes merged changes back.
CREATE TABLE ledger_bases (
  host text NOT NULL,
  repo_id bigint NOT NULL,
  tip text NOT NULL,
  PRIMARY KEY (host, repo_id)
);
-- The pieces of each merged change, by what they do and by what takes them back, and the commit that did. They can be read from git again.
CREATE TABLE ledger_hunks (
  stream uuid NOT NULL,
  merge_sha text NOT NULL,
  seq int NOT NULL,
  host text NOT NULL,
  repo_id bigint NOT NULL,
  forward text NOT NULL,
  inverse text NOT NULL,
  lines int NOT NULL,
  gone_by text,
  PRIMARY KEY (stream, merge_sha, seq)
);
CREATE INDEX ledger_hunks_inverse ON ledger_hunks (host, repo_id, inverse);
CREATE INDEX ledger_hunks_forward ON ledger_hunks (host, repo_id, forward);
