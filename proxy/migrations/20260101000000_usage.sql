-- One row a call that the provider answered.
CREATE TABLE usage (
  id uuid PRIMARY KEY,
  namespace text NOT NULL,
  task text NOT NULL,
  task_uid text NOT NULL,
  agent text NOT NULL,
  issue text,
  model text NOT NULL,
  provider text NOT NULL,
  request_id text NOT NULL,
  input_tokens bigint NOT NULL CHECK (input_tokens >= 0),
  output_tokens bigint NOT NULL CHECK (output_tokens >= 0),
  cache_read_tokens bigint NOT NULL CHECK (cache_read_tokens >= 0),
  cache_write_tokens bigint NOT NULL CHECK (cache_write_tokens >= 0),
  at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX usage_task ON usage (task_uid, at);

-- What the operator turns into events, exactly once by (program, id).
CREATE TABLE outbox (
  id uuid PRIMARY KEY,
  kind text NOT NULL,
  payload jsonb NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  taken_at timestamptz
);
CREATE INDEX outbox_open ON outbox (created_at) WHERE taken_at IS NULL;

-- The operator reads the outbox and marks what it took; nothing else of this schema is its business.
DO $$
BEGIN
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'rig_conductor') THEN
    GRANT USAGE ON SCHEMA proxy TO rig_conductor;
    GRANT SELECT ON proxy.outbox TO rig_conductor;
    GRANT UPDATE (taken_at) ON proxy.outbox TO rig_conductor;
  END IF;
END
$$;
