import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { type Static, Type } from 'typebox';
import { Check } from 'typebox/value';
import { DataDirError } from './error.ts';
import { isAlive } from './identity.ts';
import type { Layout } from './layout.ts';

const ProcessRecord = Type.Object({
  name: Type.String(),
  pid: Type.Integer({ minimum: 1 }),
  startedAt: Type.String(),
});

/** What a rig remembers from one start to the next, and what the other commands need to find it. */
export const State = Type.Object({
  version: Type.Literal(1),
  phase: Type.Union([Type.Literal('starting'), Type.Literal('up'), Type.Literal('stopping'), Type.Literal('down')]),
  supervisor: Type.Union([Type.Object({ pid: Type.Integer(), startedAt: Type.String() }), Type.Null()]),
  /** By program; chosen at the first start and kept, because URLs with them live on in the cluster and the forge. */
  ports: Type.Record(Type.String(), Type.Integer({ minimum: 1, maximum: 65535 })),
  /** Every process the supervisor started and has not yet seen end. */
  processes: Type.Array(ProcessRecord),
  /** Context of the user's kubeconfig in place of the embedded control plane; null for the embedded one. */
  context: Type.Union([Type.String(), Type.Null()]),
  urls: Type.Object({
    conductor: Type.Optional(Type.String()),
    forge: Type.Optional(Type.String()),
    /** What signs: identity provider, certificate authority, log and timestamps. */
    trust: Type.Optional(Type.String()),
  }),
  /** Tenant namespace and Repository that commands use unless told otherwise. */
  tenant: Type.Object({ namespace: Type.String(), repository: Type.String() }),
});
export type State = Static<typeof State>;
export type ProcessRecord = Static<typeof ProcessRecord>;

export function initialState(): State {
  return {
    version: 1,
    phase: 'down',
    supervisor: null,
    ports: {},
    processes: [],
    context: null,
    urls: {},
    tenant: { namespace: '', repository: '' },
  };
}

/** The state as last written; undefined where no rig was ever up. Throws Unreadable. */
export function readState(layout: Layout): State | undefined {
  if (!existsSync(layout.state)) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(layout.state, 'utf8'));
  } catch (cause) {
    throw unreadable(layout, cause);
  }
  if (!Check(State, value)) throw unreadable(layout);
  return value;
}

/** Replaces the state as a whole: a reader, or a start after a crash, sees the old one or the new one. */
export function writeState(layout: Layout, state: State): void {
  const temporary = `${layout.state}.${process.pid}`;
  writeFileSync(temporary, `${JSON.stringify(state, null, 2)}\n`, { mode: 0o600 });
  renameSync(temporary, layout.state);
}

/** The state of a rig that is up or starting. Throws NotUp, with the sentence to show. */
export function requireUp(layout: Layout): State {
  const state = readState(layout);
  if (state?.supervisor && isAlive(state.supervisor)) return state;
  throw new DataDirError('NotUp', `No rig is up on ${layout.root}: start one with "npm start" or "rig up".`);
}

function unreadable(layout: Layout, cause?: unknown): DataDirError {
  return new DataDirError(
    'Unreadable',
    `${layout.state} is not the state of this version of rig: "rig reset" starts over, or use another --data-dir.`,
    { cause },
  );
}
