export type EventsErrorCode =
  /** Another writer appended to the stream first: read it again and decide again. */
  | 'Concurrency'
  /** An event's type is not registered, or its data or meta does not fit its schema. */
  | 'InvalidEvent'
  /** A stored event is of a type or schema that this release cannot read. */
  | 'NewerEvent'
  /** A stream misses a version that must have been there. */
  | 'VersionGap'
  /** Two identifiers of one subject are known as two subjects. */
  | 'SubjectConflict'
  /** A stream was to begin whose subject the database does not know, or has forgotten: look for the subject again. */
  | 'SubjectMissing'
  /** Another leader has taken over, or this one never was. */
  | 'StaleEpoch'
  /** The other side refused for good; the refusal is stored. */
  | 'EffectRefused'
  /** The other side certainly did nothing; the same key may be run again. */
  | 'EffectNotPerformed'
  /** It could not be found out whether the effect took place; run the same key again later. */
  | 'EffectUnknown'
  /** The key belongs to an effect of another kind or subject. */
  | 'EffectReused';

/** Why the event store or the effects table did not do what was asked. */
export class EventsError extends Error {
  override name = 'EventsError';
  readonly code: EventsErrorCode;

  constructor(code: EventsErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}

/** True for an {@link EventsError} of one of the codes. */
export function isEventsError(error: unknown, ...codes: EventsErrorCode[]): error is EventsError {
  return error instanceof EventsError && codes.includes(error.code);
}
