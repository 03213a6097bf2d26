import { timingSafeEqual } from 'node:crypto';

/** Whether somebody said a secret, in a time that tells nothing of it; white space around it does not matter. */
export function knows(said: string | undefined, secret: string): boolean {
  const given = Buffer.from((said ?? '').trim());
  const wanted = Buffer.from(secret);
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}
