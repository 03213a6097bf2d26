-- When a pull request was last seen to go to another branch than before, by the forge's clock: what was approved until then was another change.
ALTER TABLE forge_pulls ADD COLUMN base_changed_at timestamptz;
