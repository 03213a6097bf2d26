import type { Duplex } from 'node:stream';

/**
 * Joins two open connections: bytes flow both ways as fast as the slower side takes them, each side may end its half alone, and a
 * broken side breaks the other.
 */
export function joinSockets(one: Duplex, other: Duplex): void {
  for (const [from, to] of [
    [one, other],
    [other, one],
  ] as const) {
    from.pipe(to);
    from.on('error', () => to.destroy());
    // A side that closes before its end was read will never end the other's half.
    from.on('close', () => {
      if (!from.readableEnded) to.destroy();
    });
  }
}
