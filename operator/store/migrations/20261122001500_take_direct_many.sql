-- additive

-- Gives each of these issues, the one that goes first before the others, to the first of its Agents that runs fewer tasks than its number in
-- `slots` and for whom no issue is queued that goes before it: the Agent, with a new fence, and the issue leaves the queue if it was in it.
-- `agent` is null where there is none. What is given here counts as running for those behind it. The Agents' rows are locked in one order for
-- everybody, each counted in a statement behind its lock: what is counted has seen what was waited for.
-- `asked` holds {subject, rank, filed, agents, slots} for each issue; `n` is its place, from 1.
CREATE FUNCTION take_direct_many(asked jsonb)
RETURNS TABLE (n bigint, agent text, sequence bigint, epoch bigint) LANGUAGE plpgsql AS $$
DECLARE
  uid text;
  running jsonb := '{}';
  one record;
BEGIN
  FOR uid IN SELECT DISTINCT a FROM jsonb_array_elements(asked) x, jsonb_array_elements_text(x->'agents') a ORDER BY a LOOP
    running := running || jsonb_build_object(uid, lock_slot(uid));
  END LOOP;
  FOR one IN
    SELECT e.place, (x->>'subject')::uuid AS subject, (x->>'rank')::smallint AS rank, (x->>'filed')::timestamptz AS filed, x->'agents' AS agents,
      x->'slots' AS slots
    FROM jsonb_array_elements(asked) WITH ORDINALITY AS e (x, place) ORDER BY rank, filed, e.place
  LOOP
    n := one.place;
    SELECT a INTO agent FROM jsonb_array_elements_text(one.agents) WITH ORDINALITY AS candidate (a, place)
    WHERE (running->>a)::int < (one.slots->>(candidate.place - 1)::int)::int
      AND NOT EXISTS (
        SELECT FROM queue q WHERE a = ANY (q.candidates) AND q.subject <> one.subject AND (q.priority, q.filed_at) < (one.rank, one.filed)
      )
    ORDER BY candidate.place LIMIT 1;
    sequence := NULL;
    epoch := NULL;
    IF agent IS NOT NULL THEN
      running := running || jsonb_build_object(agent, (running->>agent)::int + 1);
      DELETE FROM queue q WHERE q.subject = one.subject;
      SELECT nextval('fences'), l.epoch INTO sequence, epoch FROM leadership l;
    END IF;
    RETURN NEXT;
  END LOOP;
END $$;
