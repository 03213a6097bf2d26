-- additive
-- What is answered to a comment, written in the transaction of what became of it: it is sent beside the intake, which waits for no turn at a forge.
CREATE TABLE answers (
  seq bigint GENERATED ALWAYS AS IDENTITY,
  key text PRIMARY KEY,
  namespace text NOT NULL,
  repository text NOT NULL,
  number int NOT NULL,
  subject text NOT NULL,
  body text NOT NULL,
  -- Told to somebody who may not command: it waits behind what others are told.
  refusal boolean NOT NULL,
  attempts int NOT NULL DEFAULT 0,
  due_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  ended_at timestamptz,
  -- Why it was not sent; null for one that was.
  failure text
);
CREATE INDEX answers_due ON answers (namespace, repository, refusal, seq) WHERE ended_at IS NULL;
