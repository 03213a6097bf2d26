-- additive
-- What was made lately, for whoever looks for pull requests that no log tells of.
CREATE INDEX effects_pulls_made ON effects (finished_at) WHERE kind = 'pull-request' AND state = 'succeeded';
