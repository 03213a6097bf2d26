-- additive

-- When each identity at a forge may write next: its writes come from any replica, and the forge counts identities.
CREATE TABLE forge_pace (
  identity text PRIMARY KEY,
  free_at timestamptz NOT NULL
);
