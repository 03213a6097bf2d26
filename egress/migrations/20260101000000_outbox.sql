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
    GRANT USAGE ON SCHEMA egress TO rig_conductor;
    GRANT SELECT ON egress.outbox TO rig_conductor;
    GRANT UPDATE (taken_at) ON egress.outbox TO rig_conductor;
  END IF;
END
$$;
