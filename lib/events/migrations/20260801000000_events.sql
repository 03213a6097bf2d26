-- The log. `pos` orders rows of one transaction and has gaps; the order of a stream is `version`.
CREATE TABLE events (
  pos bigint GENERATED ALWAYS AS IDENTITY,
  stream uuid NOT NULL,
  version integer NOT NULL CHECK (version > 0),
  type text NOT NULL,
  schema smallint NOT NULL CHECK (schema > 0),
  data jsonb NOT NULL,
  meta jsonb NOT NULL,
  at timestamptz NOT NULL DEFAULT clock_timestamp(),
  txid xid8 NOT NULL DEFAULT pg_current_xact_id(),
  CONSTRAINT events_stream_version PRIMARY KEY (stream, version)
);
CREATE INDEX events_tail ON events (txid, pos);

-- One row a subject; the identifiers outside may change (a renamed repository, an Issue applied anew), the id never does.
CREATE TABLE subjects (
  id uuid PRIMARY KEY,
  kind text NOT NULL,
  namespace text NOT NULL,
  name text NOT NULL,
  uid text,
  forge_host text,
  forge_repo_id bigint,
  number integer,
  created_at timestamptz NOT NULL DEFAULT now(),
  CHECK (uid IS NOT NULL OR forge_repo_id IS NOT NULL),
  CHECK ((forge_host IS NULL) = (forge_repo_id IS NULL)),
  CHECK (number IS NULL OR forge_repo_id IS NOT NULL)
);
CREATE UNIQUE INDEX subjects_uid ON subjects (kind, namespace, uid) WHERE uid IS NOT NULL;
CREATE UNIQUE INDEX subjects_forge ON subjects (kind, namespace, forge_host, forge_repo_id, number) NULLS NOT DISTINCT
  WHERE forge_repo_id IS NOT NULL;

-- How far each tail has come, and the streams it had to leave behind.
CREATE TABLE tails (
  name text PRIMARY KEY,
  txid xid8 NOT NULL,
  pos bigint NOT NULL,
  moved_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE tail_stalls (
  tail text NOT NULL REFERENCES tails ON DELETE CASCADE,
  stream uuid NOT NULL,
  version integer NOT NULL,
  reason text NOT NULL,
  type text NOT NULL,
  schema smallint NOT NULL,
  since timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tail, stream)
);

-- The one row of leadership: its epoch only grows, and every write to the outside names it.
CREATE TABLE leadership (
  single boolean PRIMARY KEY DEFAULT true CHECK (single),
  epoch bigint NOT NULL,
  holder text NOT NULL,
  at timestamptz NOT NULL
);
INSERT INTO leadership (epoch, holder, at) VALUES (0, '', now());

-- Every write to the outside, by the key that makes it unique.
CREATE TABLE effects (
  key text PRIMARY KEY,
  kind text NOT NULL,
  subject text NOT NULL,
  epoch bigint NOT NULL,
  request jsonb NOT NULL,
  state text NOT NULL CHECK (state IN ('planned', 'started', 'succeeded', 'failed')),
  attempt integer NOT NULL DEFAULT 0,
  created_at timestamptz NOT NULL,
  started_at timestamptz,
  finished_at timestamptz,
  outcome jsonb,
  reason text
);
CREATE INDEX effects_subject ON effects (subject, kind);
CREATE INDEX effects_open ON effects (created_at) WHERE state IN ('planned', 'started');

-- Every webhook as it was received, its bytes included: a signature can be checked again.
CREATE TABLE deliveries (
  seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id text NOT NULL CONSTRAINT deliveries_id UNIQUE,
  event text NOT NULL,
  headers jsonb NOT NULL,
  body bytea NOT NULL,
  received_at timestamptz NOT NULL,
  due_at timestamptz NOT NULL DEFAULT now(),
  attempts integer NOT NULL DEFAULT 0,
  finished_at timestamptz,
  outcome text,
  detail text
);
CREATE INDEX deliveries_due ON deliveries (seq) WHERE finished_at IS NULL;
