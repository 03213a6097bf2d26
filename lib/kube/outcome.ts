import { isKubeError } from './errors.ts';

interface OutcomeErrorOptions {
  cause?: unknown;
}

/** What a reconcile throws to say how it ended. `reason` is a PascalCase cause, `message` one sentence for a person. */
export abstract class ReconcileError extends Error {
  readonly reason: string;

  constructor(reason: string, message: string, options: OutcomeErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.reason = reason;
  }
}

/** A person must act; nothing is tried until the object or something it depends on changes. */
export class Stalled extends ReconcileError {
  override readonly name = 'Stalled';
}

/** Not a failure: look again after `afterMs`. */
export class Waiting extends ReconcileError {
  override readonly name = 'Waiting';
  readonly afterMs: number;

  constructor(afterMs: number, reason: string, message: string, options: OutcomeErrorOptions = {}) {
    super(reason, message, options);
    this.afterMs = afterMs;
  }
}

/** Something outside failed; tried again with the key's own backoff. */
export class Retry extends ReconcileError {
  override readonly name = 'Retry';
}

/** Failed for good: no person and no retry changes it. */
export class Terminal extends ReconcileError {
  override readonly name = 'Terminal';
}

/** How a reconcile ended, in all the forms the runtime and its users need. */
export interface Outcome {
  kind: 'Done' | 'Waiting' | 'Stalled' | 'Terminal' | 'Retry' | 'Aborted';
  /** When the key is handed out again: not by itself, with its backoff, or after so many ms. */
  requeue: 'never' | 'backoff' | { afterMs: number };
  /** What the object's status should say. Absent when it is not the object's business (a conflict, a stop). */
  condition?: { type: 'Stalled' | 'Reconciling'; reason: string; message: string };
  /** What `kubectl describe` should show. */
  event?: { type: 'Normal' | 'Warning'; reason: string; message: string };
  level: 'debug' | 'info' | 'warn' | 'error';
  message: string;
}

/** The one mapping of what a reconcile returned to its outcome. */
export function outcomeOfResult(result: { requeueAfterMs?: number } | undefined): Outcome {
  const after = result?.requeueAfterMs;
  return {
    kind: 'Done',
    requeue: after === undefined ? 'never' : { afterMs: after },
    level: 'debug',
    message: 'reconciled',
  };
}

/** The one mapping of what a reconcile threw to its outcome. `stopping` says that its signal had been aborted by a stop. */
export function outcomeOfError(error: unknown, stopping = false): Outcome {
  if (stopping) return { kind: 'Aborted', requeue: 'never', level: 'debug', message: 'reconcile stopped' };
  if (error instanceof Waiting) {
    const condition = { type: 'Reconciling' as const, reason: error.reason, message: error.message };
    return {
      kind: 'Waiting',
      requeue: { afterMs: error.afterMs },
      condition,
      level: 'debug',
      message: 'reconcile waits',
    };
  }
  if (error instanceof Stalled || error instanceof Terminal) {
    const { reason, message } = error;
    return {
      kind: error.name,
      requeue: 'never',
      condition: { type: 'Stalled', reason, message },
      event: { type: 'Warning', reason, message },
      level: 'warn',
      message: error instanceof Stalled ? 'reconcile stalled' : 'reconcile failed for good',
    };
  }
  return outcomeOfFailure(error);
}

function outcomeOfFailure(error: unknown): Outcome {
  if (isKubeError(error, 'Conflict')) {
    return { kind: 'Retry', requeue: 'backoff', level: 'debug', message: 'object changed meanwhile' };
  }
  if (isKubeError(error, 'TooManyRequests') && error.retryAfterMs !== undefined) {
    const requeue = { afterMs: error.retryAfterMs };
    return { kind: 'Waiting', requeue, level: 'info', message: 'API server asked to slow down' };
  }
  const retry = error instanceof Retry;
  const reason = retry ? error.reason : 'ReconcileError';
  const message = error instanceof Error ? error.message : String(error);
  return {
    kind: 'Retry',
    requeue: 'backoff',
    condition: { type: 'Reconciling', reason, message },
    event: { type: 'Warning', reason, message },
    level: retry ? 'warn' : 'error',
    message: 'reconcile failed',
  };
}
