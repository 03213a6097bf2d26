-- additive
-- The highest fence that was ever given is compared with the mark outside the database, every other second.
CREATE INDEX tasks_by_sequence ON tasks (sequence);
