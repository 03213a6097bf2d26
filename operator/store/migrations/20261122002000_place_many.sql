-- additive

-- take_direct_many, which an older release calls, and of each issue as well whether all of its Agents are `full`: then nothing that is queued for
-- them could be given to them either, and who asked needs not ask for it. True where it has none.
CREATE FUNCTION place_many(asked jsonb)
RETURNS TABLE (n bigint, agent text, sequence bigint, epoch bigint, "full" boolean) LANGUAGE plpgsql AS $$
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
    agent := NULL;
    sequence := NULL;
    epoch := NULL;
    "full" := NOT EXISTS (
      SELECT FROM jsonb_array_elements_text(one.agents) WITH ORDINALITY AS candidate (a, place)
      WHERE (running->>a)::int < (one.slots->>(candidate.place - 1)::int)::int
    );
    IF NOT "full" THEN
      SELECT a INTO agent FROM jsonb_array_elements_text(one.agents) WITH ORDINALITY AS candidate (a, place)
      WHERE (running->>a)::int < (one.slots->>(candidate.place - 1)::int)::int
        AND NOT EXISTS (
          SELECT FROM queue q WHERE a = ANY (q.candidates) AND q.subject <> one.subject AND (q.priority, q.filed_at) < (one.rank, one.filed)
        )
      ORDER BY candidate.place LIMIT 1;
    END IF;
    IF agent IS NOT NULL THEN
      running := running || jsonb_build_object(agent, (running->>agent)::int + 1);
      DELETE FROM queue q WHERE q.subject = one.subject;
      SELECT nextval('fences'), l.epoch INTO sequence, epoch FROM leadership l;
    END IF;
    RETURN NEXT;
  END LOOP;
END $$;
