-- additive

-- The node of the pod that runs a task, as the API server told it when the pod came for its token.
ALTER TABLE tasks ADD COLUMN node text;
