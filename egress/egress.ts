import type { VerifyTaskToken } from '#lib/conductor';
import { addressRule } from '#lib/http';
import { type Logger, type Metrics, noMetrics, silentLogger } from '#lib/observe';
import { Denials, type WriteDenial } from './denials.ts';
import { dialer } from './dial.ts';
import { type AllowedHosts, createGate } from './gate.ts';
import { Ledger } from './ledger.ts';
import { observedGate } from './observe.ts';
import { type Lookup, resolver, systemLookup } from './resolve.ts';
import { EgressServer } from './server.ts';
import type { Settings } from './settings.ts';
import { Watch } from './watch.ts';

export interface EgressDeps {
  readonly settings: Omit<Settings, 'conductorURL' | 'databaseURL' | 'metricsListen'>;
  readonly verify: VerifyTaskToken;
  readonly allowed: AllowedHosts;
  readonly write: WriteDenial;
  readonly ready: () => Promise<void>;
  /** Default the system's resolver. */
  readonly lookup?: Lookup;
  /** Milliseconds of a clock that only moves forward. Default the process's. */
  readonly now?: () => number;
  readonly logger?: Logger;
  /** Default none. */
  readonly metrics?: Metrics;
  readonly firstRequestMs?: number;
}

export interface Egress {
  /** Where it listens, once {@link listen} has resolved. */
  readonly url: string;
  readonly watch: Watch;
  /** Connections that are open now. */
  readonly open: number;
  listen(): Promise<void>;
  /** Lets what is open end, tells what is left to tell. */
  stop(): Promise<void>;
}

/** Puts the proxy together. Nothing is shared between two of them but the conductor's word and the outbox. */
export function createEgress(deps: EgressDeps): Egress {
  const { settings, verify, allowed, lookup = systemLookup, now = () => performance.now() } = deps;
  const { logger = silentLogger, ready, firstRequestMs } = deps;
  const ledger = new Ledger(settings, now);
  const denials = new Denials(deps.write, { now, logger });
  const rule = addressRule({ allow: settings.allowRanges, deny: settings.denyRanges });
  const gate = createGate({
    verify,
    allowed,
    resolve: resolver(rule, lookup),
    dial: dialer(settings.connectMs),
    ledger,
    denials,
  });
  const { graceMs } = settings;
  const { host, port } = settings.listen;
  const { metrics = noMetrics } = deps;
  const server = new EgressServer({
    ...{ host, port, ready, logger, firstRequestMs },
    gate: observedGate(gate, metrics),
    onBadTarget: () => metrics.count('rig_egress_requests_total', { outcome: 'BadTarget' }),
  });
  const watch = new Watch({ allowed, ledger, denials, now });
  return {
    get url() {
      return `http://${host.includes(':') ? `[${host}]` : host}:${server.port}`;
    },
    watch,
    get open() {
      return ledger.open.length;
    },
    listen: async () => {
      await server.listen();
      watch.start();
    },
    stop: async () => {
      await server.drain(graceMs);
      watch.stop();
      await denials.close();
    },
  };
}
