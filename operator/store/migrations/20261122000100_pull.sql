-- additive

-- The name that a client of a pulling Agent gave itself when it took the task; null for a task that a pod runs, or that nobody took yet.
ALTER TABLE tasks ADD COLUMN client text;

-- Locks an Agent's row until the transaction ends and counts what the Agent runs. A function, so that lock and count are one round trip and
-- yet two snapshots: the count has to see what was committed while the lock was waited for.
CREATE FUNCTION lock_slot(agent text) RETURNS integer LANGUAGE plpgsql AS $$
BEGIN
  PERFORM FROM agent_slots WHERE agent_uid = agent FOR UPDATE;
  IF NOT FOUND THEN
    INSERT INTO agent_slots (agent_uid) VALUES (agent) ON CONFLICT DO NOTHING;
    PERFORM FROM agent_slots WHERE agent_uid = agent FOR UPDATE;
  END IF;
  RETURN (SELECT count(*) FROM tasks WHERE agent_uid = agent AND ended_at IS NULL);
END $$;

-- Takes the first row that waits for the Agent out of the queue, with a new fence, if the Agent has a free slot of `slots`; where `again`,
-- a task that it was given and has not started comes first. `outcome` is `given`, `full`, `none` or `taken`. The fence is drawn behind the
-- row, so that the fences of one stream grow.
CREATE FUNCTION take_queued(
  agent text, slots integer, again boolean,
  OUT outcome text, OUT task text, OUT subject uuid, OUT namespace text, OUT issue text, OUT version integer, OUT sequence bigint, OUT epoch bigint
) LANGUAGE plpgsql AS $$
DECLARE
  running integer := lock_slot(agent);
  place tid;
BEGIN
  IF again AND running > 0 THEN
    SELECT t.name INTO task FROM tasks t
    WHERE t.agent_uid = agent AND t.ended_at IS NULL AND t.started_at IS NULL ORDER BY t.dispatched_at, t.name LIMIT 1;
    outcome := 'given';
    IF FOUND THEN RETURN; END IF;
  END IF;
  outcome := 'full';
  IF running >= slots THEN RETURN; END IF;
  SELECT q.ctid, q.subject, q.namespace, q.issue, q.version INTO place, subject, namespace, issue, version FROM queue q
  WHERE agent = ANY (q.candidates) ORDER BY q.priority, q.filed_at LIMIT 1 FOR UPDATE SKIP LOCKED;
  outcome := 'none';
  IF place IS NULL THEN RETURN; END IF;
  DELETE FROM queue q WHERE q.ctid = place;
  SELECT nextval('fences'), l.epoch INTO sequence, epoch FROM leadership l;
  outcome := 'taken';
END $$;
