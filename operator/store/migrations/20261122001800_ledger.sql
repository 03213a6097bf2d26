-- additive
-- The trust ledger. All of it follows from the log, but for what is known of issues whose events were exported and removed: that stays here.
-- What each Issue's log says to it, folded as far as `version`.
CREATE TABLE ledger_issues (
  stream uuid PRIMARY KEY,
  namespace text NOT NULL,
  issue text NOT NULL,
  version int NOT NULL,
  history jsonb NOT NULL
);
-- One row for each merged change and Agent that pushed to it.
CREATE TABLE ledger_changes (
  stream uuid NOT NULL,
  ordinal int NOT NULL,
  agent_uid text NOT NULL,
  task_class text NOT NULL,
  record jsonb NOT NULL,
  PRIMARY KEY (stream, ordinal, agent_uid)
);
CREATE INDEX ledger_changes_pair ON ledger_changes (agent_uid, task_class);
-- When each model first answered for an Agent, issue by issue.
CREATE TABLE ledger_answers (
  stream uuid NOT NULL,
  agent_uid text NOT NULL,
  model text NOT NULL,
  at timestamptz NOT NULL,
  PRIMARY KEY (stream, agent_uid, model)
);
CREATE INDEX ledger_answers_agent ON ledger_answers (agent_uid, model, at);
-- What each Agent's log says, and what it is called.
CREATE TABLE ledger_agents (
  agent_uid text PRIMARY KEY,
  namespace text NOT NULL,
  agent text NOT NULL,
  trust jsonb
);
CREATE TABLE ledger_recoveries (
  recovery text PRIMARY KEY,
  at timestamptz NOT NULL
);
-- Pairs that are to be looked at again, and when: at once for what the log has told, later for what time alone changes.
CREATE TABLE ledger_due (
  agent_uid text NOT NULL,
  task_class text NOT NULL,
  due_at timestamptz NOT NULL,
  PRIMARY KEY (agent_uid, task_class)
);
CREATE INDEX ledger_due_at ON ledger_due (due_at);
-- Where an Agent stands in a class of work with one model, as it was at `computed_at`.
CREATE TABLE ledger (
  agent_uid text NOT NULL,
  task_class text NOT NULL,
  model text NOT NULL,
  ceiling text NOT NULL CHECK (ceiling IN ('T0', 'T1', 'T2')),
  streak int NOT NULL,
  cooldown_until timestamptz,
  known boolean NOT NULL,
  moves jsonb NOT NULL,
  verdicts jsonb NOT NULL,
  computed_at timestamptz NOT NULL,
  PRIMARY KEY (agent_uid, task_class, model)
);
