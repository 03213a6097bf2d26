import { join } from 'node:path';

export { classifyFailure, type FailureClass } from './classify.ts';
export { type Clock, systemClock } from './clock.ts';
export type { Database, Queryable, Session, Transaction } from './database.ts';
export {
  type Delivery,
  type DeliveryOutcome,
  finishDelivery,
  ignoreDeliveries,
  postponeDelivery,
  pruneDeliveries,
  returnDeliveries,
  storeDelivery,
  type TakenDelivery,
  takeDeliveries,
} from './deliveries.ts';
export { type EffectRequest, type EffectRow, openEffects, readEffect } from './effect-row.ts';
export { type EffectSteps, Effects, type EffectsOptions } from './effects.ts';
export { EventsError, type EventsErrorCode, isEventsError } from './errors.ts';
export { type Appended, Follower, type FollowerOptions } from './follower.ts';
export { advanceEpoch, currentEpoch } from './leadership.ts';
export { Notifier } from './notifier.ts';
export type { EventType, EventTypes } from './registry.ts';
export type { Stall } from './stalls.ts';
export { EVENTS_CHANNEL, EventStore, type EventStoreOptions } from './store.ts';
export { ensureSubject, findSubject, readSubject, type Subject, type SubjectRef } from './subjects.ts';
export { Tail, type TailOptions } from './tail.ts';
export {
  type Cursor,
  compareCursors,
  type EventBody,
  type EventMeta,
  formatCursor,
  type NewEvent,
  parseCursor,
  START,
  type StoredEvent,
} from './types.ts';

/** The tables of this folder, for `migrate` of lib/db: `migrate(pool, { schema, ...migrations })`. */
export const migrations = { component: 'events', directory: join(import.meta.dirname, 'migrations') } as const;
