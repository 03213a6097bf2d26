import { inScope, type Metrics, traced } from '#lib/observe';
import { EgressError } from './error.ts';
import type { Gate } from './gate.ts';

/** The gate, with each request counted by what became of it, in a scope of its own and, for a task that is traced, as a span. */
export function observedGate(gate: Gate, metrics: Metrics): Gate {
  return (token, target, client) =>
    inScope(async () => {
      try {
        const socket = await gate(token, target, client);
        metrics.count('rig_egress_requests_total', { outcome: 'Allowed' });
        return socket;
      } catch (error) {
        const outcome = error instanceof EgressError ? error.code : 'Unavailable';
        metrics.count('rig_egress_requests_total', { outcome });
        throw error;
      }
    });
}

/** The making of one connection as a span of the task that asked for it. */
export function tracedDial<T>(host: string, port: number, dial: () => Promise<T>): Promise<T> {
  return traced(
    'egress connect',
    { kind: 'client', attributes: { 'server.address': host, 'server.port': port } },
    dial,
  );
}
