/** One thing that does not go on by itself. */
export interface Finding {
  /** The check that found it: a row of the table in docs/operations.md. */
  readonly check: CheckName;
  /** `namespace/name`, or what else it is about. */
  readonly what: string;
  /** ms since the epoch; null where nobody knows. */
  readonly since: number | null;
  readonly why: string;
  /** What a person can do. */
  readonly help: string;
}

/** Every check, with what it looks at. The table in docs/operations.md is compared with it by a test. */
export const checks = {
  database: 'Whether PostgreSQL answers',
  mark: 'Whether the database is the newest there is, and the mark that tells is written',
  leader: 'Whether a conductor leads, in the epoch that the database knows',
  issues: 'Issues that wait for a person, have failed, or stand still',
  tasks: 'Live tasks that fell silent, or never started',
  effects: 'Writes to a forge that have no outcome',
  notices: 'Sinks that do not take who is to be told that an issue waits for a person',
  deliveries: 'Webhooks that are not applied, or could not be',
  answers: 'Answers to comments that wait to be sent, or were given up in the last day',
  streams: 'Histories that a newer release wrote, or that miss an event',
  queue: 'Queued issues for which no Agent that takes work is a candidate',
  tails: 'Followers of the log that lag behind it',
  outbox: 'What the proxies have counted and is no event yet',
  mirror: 'Repositories whose forge was not listed for a while',
  repositories: 'Repositories that are not Ready',
  agents: 'Agents that are not Ready',
} as const;

export type CheckName = keyof typeof checks;
