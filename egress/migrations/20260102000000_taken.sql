-- What was told of a host within the last minute is asked for at each look.
CREATE INDEX outbox_taken ON outbox (taken_at) WHERE taken_at IS NOT NULL;
