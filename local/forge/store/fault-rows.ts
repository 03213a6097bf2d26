/** What is done to a request that a fault fits. */
export type FaultKind = 'status' | 'secondary' | 'cut' | 'drop' | 'delay' | 'late' | 'stale';

/** A failure to come, asked for by the admin: the forge itself stays right, its answers do not. */
export interface FaultRow {
  id: number;
  kind: FaultKind;
  /** `METHOD /path/{template}` as requests are counted; `*` stands for anything. */
  operation: string;
  /** Only requests of this login; null for everyone. */
  login: string | null;
  /** Requests that fit and are left alone first. */
  skip: number;
  /** Requests that it still happens to; null for ever. */
  times: number | null;
  /** Of 1: how often it happens to a request that fits. Decided by the seed and the count, so a run can be repeated. */
  probability: number;
  seed: number;
  /** Requests that fitted so far. */
  seen: number;
  /** Of a `status`. */
  status: number;
  /** Of `secondary`: what its Retry-After says. Null leaves the header out. */
  retryAfterSeconds: number | null;
  /** Of `delay`, before the effect, and `late`, after it. */
  delayMs: number;
  /** Of `stale`: how old an item has to be to be listed. */
  ageSeconds: number;
}

/** The rate limits that are enforced for an identity; all others only see GitHub's numbers. */
export interface LimitRow {
  id: number;
  /** Null: everyone without limits of their own. */
  login: string | null;
  core: number;
  graphql: number;
  /** Seconds of a window. */
  windowSeconds: number;
  /** Of a refusal: GitHub uses both. */
  status: 403 | 429;
  /** Writes in a minute after which the secondary limit answers; null for no limit. */
  writesPerMinute: number | null;
}

/** How deliveries leave the forge: at most one row. Without it as on GitHub: once each, in order. */
export interface WebhookFaultRow {
  id: number;
  seed: number;
  /** Of 1 each. */
  drop: number;
  duplicate: number;
  reorder: number;
  delay: number;
  maxDelayMs: number;
  /** Waits before a failed delivery is sent again, in place of what the forge was started with; null for those. */
  retrySeconds: number[] | null;
}
