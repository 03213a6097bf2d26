-- additive
-- Where each listing of a forge repository stands, so that a restart costs the forge nothing: the ETag of its last answer, and how far it was read.
CREATE TABLE forge_listings (
  host text NOT NULL,
  repository_id bigint NOT NULL,
  listing text NOT NULL,
  etag text,
  mark text,
  read_at timestamptz NOT NULL,
  PRIMARY KEY (host, repository_id, listing)
);

-- The newest moment, by the forge's clock, of what was done to an issue and has been taken: a listing of what happened does not take it again.
CREATE TABLE forge_told (
  host text NOT NULL,
  repository_id bigint NOT NULL,
  number int NOT NULL,
  what text NOT NULL,
  at timestamptz NOT NULL,
  PRIMARY KEY (host, repository_id, number, what)
);

-- How a pull request stood when it was last read whole by a listing: only one that stands otherwise is read again.
ALTER TABLE forge_pulls ADD COLUMN listed_state text;

-- What a listing showed and no delivery had told: since when (by our clock), from when (by the forge's), and in words.
ALTER TABLE forge_repositories ADD COLUMN untold_since timestamptz;
ALTER TABLE forge_repositories ADD COLUMN untold_from timestamptz;
ALTER TABLE forge_repositories ADD COLUMN untold text;
