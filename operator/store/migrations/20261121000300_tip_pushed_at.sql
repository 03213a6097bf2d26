-- When the newest push of the default branch that was told happened, by the forge's clock: a delivery that comes late is known by it.
ALTER TABLE forge_repositories ADD COLUMN tip_pushed_at timestamptz;
