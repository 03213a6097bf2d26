/**
 * When a pull request was last set to go to another branch, in SQL, where `p` is its row and `excluded` what is told now: whoever writes a
 * `summary` writes this beside it, for whatever is told next finds the bases alike.
 */
export const BASE_CHANGED_AT = `CASE WHEN p.updated_at <= excluded.updated_at AND p.summary->'base'->>'ref' <> excluded.summary->'base'->>'ref'
  THEN excluded.updated_at ELSE p.base_changed_at END`;
