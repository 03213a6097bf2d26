-- additive
-- Since when a merged change has been live and quiet, as the ledger dates it; null while it is not live and may become so, and -infinity where it cannot any more.
ALTER TABLE ledger_changes ADD COLUMN quiet_since timestamptz;
UPDATE ledger_changes c SET quiet_since = CASE
  WHEN record#>>'{change,doneAt}' IS NOT NULL THEN to_timestamp(greatest(
    coalesce((record#>>'{change,productionAt}')::float8, (record#>>'{change,mergedAt}')::float8),
    (record#>>'{change,disturbedAt}')::float8) / 1000)
  WHEN c.ordinal < (SELECT jsonb_array_length(history->'changes') FROM ledger_issues i WHERE i.stream = c.stream) THEN '-infinity' END;
CREATE INDEX ledger_changes_quiet ON ledger_changes (quiet_since);
