export { type Clock, systemClock } from './clock.ts';
export { openSession, type Session } from './session.ts';
