import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type Reason, reason, reasons } from '#crds';
import { type EgressTarget, judgeEgress, targetText } from '#domain';
import { ConductorError, type EgressResponse, type TaskCaller, type VerifyTaskToken } from '#lib/conductor';
import { correlate } from '#lib/observe';
import type { Denials } from './denials.ts';
import type { Dial } from './dial.ts';
import { EgressError } from './error.ts';
import type { Ledger } from './ledger.ts';
import { tracedDial } from './observe.ts';
import type { Resolve } from './resolve.ts';

/** What the Repository of a live task allows now. Throws ConductorError `DeadFence` or `Unavailable`. */
export type AllowedHosts = (caller: TaskCaller) => Promise<Pick<EgressResponse, 'repository' | 'allow'>>;

export interface GateDeps {
  readonly verify: VerifyTaskToken;
  readonly allowed: AllowedHosts;
  readonly resolve: Resolve;
  readonly dial: Dial;
  readonly ledger: Ledger;
  readonly denials: Denials;
}

/** Lets a task through to a target, or throws the {@link EgressError} that its client is answered with. */
export type Gate = (token: string | undefined, target: EgressTarget, client: Duplex) => Promise<Socket>;

/**
 * In this order: who asks, whether its claim is live, whether its Repository lists the target, whether it has a share left, where the
 * name leads; only then a connection is made, to the address that was looked at. Nothing that is not listed is ever looked up.
 */
export function createGate(deps: GateDeps): Gate {
  const { ledger, denials } = deps;
  return async (token, target, client) => {
    const caller = await deps.verify(token).catch(refuseCaller);
    correlate(caller.issue);
    const { repository, allow } = await deps.allowed(caller).catch(refuseCaller);
    const deny = (why: Reason, message: string, code: 'Denied' | 'TooMany' = 'Denied'): EgressError => {
      denials.record(caller, target, why);
      return new EgressError(code, message);
    };
    const verdict = judgeEgress(allow, target);
    if (!verdict.allowed) throw deny(verdict.reason, notListed(target, verdict.reason, repository));
    if (ledger.spent(caller))
      throw deny(reason('TransferExhausted'), `${reasons.TransferExhausted} It gets no further connection.`);
    if (!ledger.reserve(caller))
      throw deny(reason('ConnectionsExhausted'), `${reasons.ConnectionsExhausted} End one first.`, 'TooMany');
    try {
      const addresses = await deps.resolve(target);
      if (addresses === 'refused')
        throw deny(
          reason('AddressRefused'),
          `${target.host} leads to an address inside the network; no task may go there.`,
        );
      const socket = await tracedDial(target.host, target.port, () => deps.dial(target, addresses));
      ledger.hold(caller, target, client, socket);
      if (client.destroyed) socket.destroy();
      return socket;
    } catch (error) {
      ledger.release(caller);
      throw error;
    }
  };
}

function notListed(target: EgressTarget, why: Reason, repository: string): string {
  const entry = target.plain ? `http://${targetText(target)}` : targetText(target);
  return `${entry} is refused (${why}): to allow it, add it to spec.egress.allow of Repository ${repository}.`;
}

/** Throws what a client is told when the conductor, or the token itself, says no. */
function refuseCaller(error: unknown): never {
  if (!(error instanceof ConductorError)) throw error;
  if (error.code === 'Unauthenticated')
    throw new EgressError('Unauthenticated', `${error.message} Send one as the password of Proxy-Authorization.`, {
      cause: error,
    });
  const code = error.code === 'DeadFence' ? 'Ended' : 'Unavailable';
  throw new EgressError(code, error.message, { cause: error });
}
