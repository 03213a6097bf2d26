-- Where a branch was before a push; null where the push made it, and of those from before this column.
ALTER TABLE forge_pushes ADD COLUMN before text;
