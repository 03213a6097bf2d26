-- additive
-- The highest attempt under each name of an Issue. Names are given again, by another Issue of the same name or after a rename, and tasks and
-- branches are named by them: so attempts are counted on by name. It stays when a stream is exported and deleted, for its branches do too.
CREATE TABLE attempts (
  namespace text NOT NULL,
  issue text NOT NULL,
  attempt int NOT NULL,
  PRIMARY KEY (namespace, issue)
);
-- A branch is `rig/<issue>/<attempt>`, and so tells the name that the Issue had then.
INSERT INTO attempts (namespace, issue, attempt)
SELECT s.namespace, split_part(e.data->>'branch', '/', 2), max((e.data->>'attempt')::int)
FROM events e JOIN subjects s ON s.id = e.stream WHERE e.type = 'ISSUE_ASSIGNED' GROUP BY 1, 2;
