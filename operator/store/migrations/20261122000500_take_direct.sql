-- additive

-- Gives an issue to the first of these Agents that runs fewer tasks than its number in `slots` and for whom no issue is queued that goes before
-- it: the Agent, with a new fence, and the issue leaves the queue if it was in it. `agent` is null where there is none. The Agents'
-- rows are locked in one order for everybody, and in a statement of their own: what is counted then has seen what was waited for.
CREATE FUNCTION take_direct(
  agents text[], slots integer[], wanted uuid, rank smallint, filed timestamptz,
  OUT agent text, OUT sequence bigint, OUT epoch bigint
) LANGUAGE plpgsql AS $$
DECLARE
  uid text;
BEGIN
  FOREACH uid IN ARRAY (SELECT array_agg(a ORDER BY a) FROM unnest(agents) a) LOOP
    PERFORM lock_slot(uid);
  END LOOP;
  SELECT a INTO agent FROM unnest(agents, slots) WITH ORDINALITY AS candidate (a, limited, place)
  WHERE (SELECT count(*) FROM tasks t WHERE t.agent_uid = a AND t.ended_at IS NULL) < limited
    AND NOT EXISTS (
      SELECT FROM queue q WHERE a = ANY (q.candidates) AND q.subject <> wanted AND (q.priority, q.filed_at) < (rank, filed)
    )
  ORDER BY place LIMIT 1;
  IF agent IS NULL THEN RETURN; END IF;
  DELETE FROM queue q WHERE q.subject = wanted;
  SELECT nextval('fences'), l.epoch INTO sequence, epoch FROM leadership l;
END $$;
