import { connect, type Socket } from 'node:net';
import { type EgressTarget, targetText } from '#domain';
import { EgressError } from './error.ts';
import type { Address } from './resolve.ts';

export type Dial = (target: EgressTarget, addresses: readonly Address[]) => Promise<Socket>;

/**
 * Connects to one of the given addresses, both families tried as RFC 8305 has it, with no lookup of its own. Either side may end its
 * half alone. Throws EgressError `Unreachable` or `TimedOut`.
 */
export function dialer(timeoutMs: number): Dial {
  return (target, addresses) =>
    new Promise((resolve, reject) => {
      const socket = connect({
        host: target.host,
        port: target.port,
        allowHalfOpen: true,
        noDelay: true,
        autoSelectFamily: true,
        autoSelectFamilyAttemptTimeout: Math.min(1_000, timeoutMs),
        lookup: (_host, _options, found) => found(null, addresses as Address[]),
      });
      const timer = setTimeout(() => {
        reject(new EgressError('TimedOut', `${targetText(target)} does not answer; try again.`));
        socket.destroy();
      }, timeoutMs);
      socket.once('error', (cause) => {
        clearTimeout(timer);
        reject(new EgressError('Unreachable', `${targetText(target)} cannot be connected to; try again.`, { cause }));
      });
      socket.once('connect', () => {
        clearTimeout(timer);
        // What breaks from here on is seen by its end; a socket that nobody listens to would end the process.
        socket.on('error', () => {});
        resolve(socket);
      });
    });
}
