-- What the forge says, as far as deliveries and listings told. An older fact never overwrites a newer one.

CREATE TABLE forge_repositories (
  host text NOT NULL,
  id bigint NOT NULL,
  owner text NOT NULL,
  name text NOT NULL,
  facts jsonb NOT NULL,
  updated_at timestamptz NOT NULL,
  observed_at timestamptz NOT NULL,
  listed_at timestamptz,
  issues_etag text,
  pulls_etag text,
  PRIMARY KEY (host, id)
);
CREATE INDEX forge_repositories_by_name ON forge_repositories (host, lower(owner), lower(name));

CREATE TABLE forge_issues (
  host text NOT NULL,
  repository_id bigint NOT NULL,
  number int NOT NULL,
  facts jsonb NOT NULL,
  gone boolean NOT NULL DEFAULT false,
  updated_at timestamptz NOT NULL,
  observed_at timestamptz NOT NULL,
  PRIMARY KEY (host, repository_id, number)
);

-- `summary` is what deliveries and listings tell of a pull request; `live` is the newest whole read of it.
-- `threads_touched_at`: a delivery told of a thread or a line comment since; only a whole read says how the threads stand.
CREATE TABLE forge_pulls (
  host text NOT NULL,
  repository_id bigint NOT NULL,
  number int NOT NULL,
  head_sha text NOT NULL,
  summary jsonb NOT NULL,
  live jsonb,
  live_at timestamptz,
  threads_touched_at timestamptz,
  updated_at timestamptz NOT NULL,
  observed_at timestamptz NOT NULL,
  PRIMARY KEY (host, repository_id, number)
);
CREATE INDEX forge_pulls_by_head ON forge_pulls (host, repository_id, head_sha);

CREATE TABLE forge_checks (
  host text NOT NULL,
  repository_id bigint NOT NULL,
  head_sha text NOT NULL,
  source text NOT NULL,
  id bigint NOT NULL,
  facts jsonb NOT NULL,
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (host, repository_id, head_sha, source, id)
);

CREATE TABLE forge_reviews (
  host text NOT NULL,
  repository_id bigint NOT NULL,
  number int NOT NULL,
  id bigint NOT NULL,
  facts jsonb NOT NULL,
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (host, repository_id, number, id)
);

CREATE TABLE forge_pushes (
  host text NOT NULL,
  repository_id bigint NOT NULL,
  sha text NOT NULL,
  ref text NOT NULL,
  pusher jsonb NOT NULL,
  observed_at timestamptz NOT NULL,
  PRIMARY KEY (host, repository_id, sha, ref)
);

CREATE TABLE forge_permissions (
  host text NOT NULL,
  repository_id bigint NOT NULL,
  account_id bigint NOT NULL,
  login text NOT NULL,
  permission text NOT NULL,
  observed_at timestamptz NOT NULL,
  PRIMARY KEY (host, repository_id, account_id)
);
