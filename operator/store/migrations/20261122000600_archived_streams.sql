-- additive
-- Streams that were exported and then deleted: in which export they are, by its digest.
CREATE TABLE archived_streams (
  stream uuid PRIMARY KEY,
  namespace text NOT NULL,
  name text NOT NULL,
  versions integer NOT NULL,
  digest text NOT NULL,
  archived_at timestamptz NOT NULL DEFAULT now()
);
