export { type Clock, systemClock } from './clock.ts';
export { openSession, type Session, type SessionDeps } from './session.ts';
