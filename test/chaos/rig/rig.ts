import { join } from 'node:path';
import type { Layout } from '#lib/datadir';
import type { Supervised } from '../../../local/supervisor/process/supervise.ts';
import { makeNotes, type Notes } from '../../kit/notes.ts';
import { Rig } from '../../kit/rig.ts';
import { Hands } from '../../kit/rig-hands.ts';
import { addRepository, raiseConcurrency, trustDeveloper } from '../../kit/rig-repository.ts';
import { Database } from './database.ts';
import { startStandby } from './standby.ts';

/** A listing makes up for lost deliveries: often, or a round would wait for it. */
const RESYNC_SECONDS = '4';
/** A small forge machine's worth of agents on few cores. */
const CONCURRENCY = 6;
const TEST = 'test -f README.md';

export interface ChaosRigOptions {
  readonly dataDir: string;
  /** Repositories the issues are spread over. */
  readonly repositories: number;
  /** How long the rig may take to answer again, in ms. */
  readonly patienceMs: number;
  /** Ends a start that is under way. */
  readonly signal: AbortSignal;
}

/** A whole rig with a second conductor and repositories of its own, in processes of its own. */
export interface ChaosRig extends AsyncDisposable {
  readonly layout: Layout;
  readonly hands: Hands;
  readonly db: Database;
  readonly standby: Supervised;
  readonly repositories: readonly string[];
  readonly patienceMs: number;
}

/** Starts it; resolves when every Repository is ready. Whatever was started is stopped again when it rejects. */
export async function startChaosRig({ dataDir, repositories, patienceMs, signal }: ChaosRigOptions): Promise<ChaosRig> {
  await using parts = new AsyncDisposableStack();
  const notes = parts.use(disposable(makeNotes()));
  const policy = ['--tier-policy', join(import.meta.dirname, 'tiers.yaml')];
  const args = ['--repo', notes.repository, '--test-command', TEST, '--replay', notes.replay, ...policy];
  const rig = parts.use(new Rig({ args, dataDir, env: { RIG_RESYNC_SECONDS: RESYNC_SECONDS } }));
  await rig.up();
  signal.throwIfAborted();
  const hands = parts.use(new Hands(rig.layout));
  const db = parts.use(new Database(rig.layout, patienceMs));
  await raiseConcurrency(hands, CONCURRENCY);
  await trustDeveloper(hands);
  const names = Array.from({ length: repositories }, (_, index) => `notes-${index + 1}`);
  for (const name of names) {
    await addRepository(hands, repositoryOf(name, notes));
    signal.throwIfAborted();
  }
  const standby = await startStandby(rig.layout);
  parts.defer(() => standby.stop());
  const all = parts.move();
  return {
    layout: rig.layout,
    hands,
    db,
    standby,
    repositories: names,
    patienceMs,
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}

/** Tested by the forge's runner; an Agent of the samples takes its issues. */
function repositoryOf(name: string, notes: Notes) {
  const spec = {
    requiredChecks: { kind: 'listed', checks: [{ name: 'ci', app: 'rig-ci' }] },
    defaults: { stack: 'node', testCommand: TEST },
  };
  return { name, source: notes.repository, ci: { command: TEST }, spec: spec as never };
}

function disposable(notes: Notes): Notes & AsyncDisposable {
  return Object.assign(notes, { [Symbol.asyncDispose]: async () => notes[Symbol.dispose]() });
}

/** Where the forge keeps a repository's objects. */
export function gitDirOf(layout: Layout, owner: string, name: string): string {
  return join(layout.data('forge'), 'repositories', owner, `${name}.git`);
}
