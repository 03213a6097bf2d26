-- Projections that must not lag: written in the transaction of the events they follow from, rebuilt by replaying the log.

CREATE SEQUENCE fences;

-- The exclusive right to one lane of a subject. At most one is live per lane.
CREATE TABLE claims (
  id uuid PRIMARY KEY,
  subject uuid NOT NULL,
  lane text NOT NULL CHECK (lane IN ('work', 'review')),
  agent_name text NOT NULL,
  agent_uid text NOT NULL,
  attempt int NOT NULL,
  claimed_at timestamptz NOT NULL DEFAULT now(),
  ended_at timestamptz,
  end_reason text
);
CREATE UNIQUE INDEX claims_one_live_per_lane ON claims (subject, lane) WHERE ended_at IS NULL;

-- One run of one agent. Its fence is live while ended_at is null; heartbeats move seen_at and are no events.
CREATE TABLE tasks (
  namespace text NOT NULL,
  name text NOT NULL,
  subject uuid NOT NULL,
  claim uuid NOT NULL REFERENCES claims (id),
  lane text NOT NULL,
  kind text NOT NULL,
  agent_name text NOT NULL,
  agent_uid text NOT NULL,
  attempt int NOT NULL,
  round int NOT NULL,
  epoch bigint NOT NULL,
  sequence bigint NOT NULL,
  head_sha text,
  deadline timestamptz NOT NULL,
  dispatched_at timestamptz NOT NULL,
  started_at timestamptz,
  seen_at timestamptz NOT NULL,
  pod_uid text,
  pod_name text,
  ended_at timestamptz,
  ending text,
  reason text,
  message text,
  tokens jsonb,
  PRIMARY KEY (namespace, name)
);
CREATE UNIQUE INDEX tasks_one_live_per_lane ON tasks (subject, lane) WHERE ended_at IS NULL;
CREATE INDEX tasks_live_by_agent ON tasks (agent_uid) WHERE ended_at IS NULL;
CREATE INDEX tasks_by_subject ON tasks (subject);

-- A row per Agent that push dispatch locks, so that its concurrency is exact whatever arrives at once.
CREATE TABLE agent_slots (
  agent_uid text PRIMARY KEY
);

-- Issues that may be claimed, decided at `version` of their stream; a claim re-reads it.
CREATE TABLE queue (
  subject uuid PRIMARY KEY,
  namespace text NOT NULL,
  issue text NOT NULL,
  version int NOT NULL,
  priority smallint NOT NULL,
  filed_at timestamptz NOT NULL,
  candidates text[] NOT NULL,
  stack text,
  message text NOT NULL,
  enqueued_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX queue_order ON queue (priority, filed_at);
