/**
 * What is open of a round that began `since`, a `what` each. An effect that is only planned was certainly not performed: its decision was given up
 * before it left. A push of unknown outcome is let be where the newest task of its issue by then was lost or cancelled: its gateway and its agent
 * both died, the next attempt begins with what is on the branch, and the conductor settles it minutes later.
 */
export function openWorkQuery(since: Date): [sql: string, values: readonly unknown[]] {
  return [
    `SELECT 'task ' || name || ' is live' AS what FROM tasks WHERE ended_at IS NULL
     UNION ALL SELECT 'effect ' || key || ' is ' || state FROM effects WHERE state = 'started' AND created_at >= $1
       AND NOT (kind = 'head' AND (${ENDING_OF_PUSHER}) IS NOT DISTINCT FROM true)
     UNION ALL SELECT 'delivery ' || id || ' is not settled: ' || coalesce(detail, '') FROM deliveries WHERE finished_at IS NULL`,
    [since],
  ];
}

const ENDING_OF_PUSHER = `SELECT tasks.ending IN ('lost', 'cancelled') FROM tasks WHERE tasks.subject::text = effects.subject AND tasks.lane = 'work'
  AND tasks.dispatched_at <= effects.started_at ORDER BY tasks.dispatched_at DESC LIMIT 1`;
