import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { catalogue, type DomainEvent, type IssueSpec, type IssueState, type StoredEvent, type TaskKind } from '#domain';
import { createPool, type Pool } from '#lib/db';
import { advanceEpoch, EventStore, ensureSubject, migrations as eventMigrations } from '#lib/events';
import { testDatabase } from '../../test/kit/postgres.ts';
import { type Cause, IssueLog } from './log.ts';
import type { SubjectName } from './project.ts';
import { enqueue } from './queue.ts';

export const cause: Cause = { actor: { kind: 'controller', name: 'test' } };
export const TASK_DEADLINE_MS = 3_600_000;
export const SHA = 'a'.repeat(40);

export const operatorMigrations = [
  eventMigrations,
  { component: 'operator', directory: join(import.meta.dirname, 'migrations') },
] as const;

/** A log over an empty database of its own, led in epoch 1, with `sessions` database sessions. */
export interface LogWorld {
  readonly pool: Pool;
  readonly log: IssueLog;
  readonly leader: { readonly epoch: number };
  /** Names of the subjects whose log grew, in order. */
  readonly grown: string[];
  /** A second log over the same database, as another process has it. */
  another(): IssueLog;
}

export async function openLog(t: Pick<TestContext, 'after'>, sessions = 10): Promise<LogWorld> {
  const database = await testDatabase(t as never, { migrations: operatorMigrations });
  const pool = createPool(database.url, { applicationName: 'rig-test', schema: 'rig', max: sessions });
  pool.on('error', () => {});
  const grown: string[] = [];
  const another = () =>
    new IssueLog({
      pool,
      store: new EventStore({ db: pool, types: catalogue }),
      taskDeadlineMs: TASK_DEADLINE_MS,
      onAppend: ({ name }) => grown.push(name),
    });
  const epoch = await advanceEpoch(pool, 'test');
  return { pool, log: another(), leader: { epoch }, grown, another };
}

export const spec: IssueSpec = {
  repository: 'widgets',
  number: null,
  title: 'A title',
  body: 'A body.',
  labels: [],
  source: 'kubectl',
  tier: null,
  taskClass: null,
  priority: 'normal',
  parent: null,
  dependsOn: [],
  taskSpec: null,
  suspend: false,
};

let uids = 0;

/** A new subject with ISSUE_FILED in its log. */
export async function file({ log }: Pick<LogWorld, 'log'>, name: string): Promise<SubjectName> {
  const uid = `uid-${++uids}`;
  const { subject } = await ensureSubject(log.pool, { kind: 'Issue', namespace: 'team', name, uid });
  await log.append(subject, cause, () => [{ type: 'ISSUE_FILED', data: { uid, generation: 1, spec } }]);
  return subject;
}

/** Puts a filed issue into the queue at its present version. */
export async function queueUp(
  { log }: Pick<LogWorld, 'log'>,
  subject: SubjectName,
  candidates: readonly string[],
  place: { priority?: number; filedAt?: number } = {},
): Promise<void> {
  const { version } = await log.load(subject);
  const { priority = 2, filedAt = 0 } = place;
  await enqueue(log.pool, {
    subject,
    version,
    priority,
    filedAt,
    candidates,
    stack: null,
    message: 'It may be claimed.',
  });
}

/** An edit that changes the text. */
export function edit(state: IssueState): DomainEvent {
  const generation = state.generation + 1;
  const data = { uid: state.uid!, generation, spec: { ...spec, title: `Title ${generation}` }, changed: ['title'] };
  return { type: 'ISSUE_EDITED', data };
}

/** A task's own report that it is done. */
export function finished(task: { name: string; kind: TaskKind; fence: string }): DomainEvent {
  const tokens = { input: 1, output: 2, cacheRead: 0, cacheWrite: 0 };
  const { name, kind, fence } = task;
  return {
    type: 'TASK_FINISHED',
    data: { task: name, kind, fence, result: 'succeeded', reason: 'Completed', message: 'Done.', tokens },
  };
}

export async function eventsOf(pool: Pool, stream: string): Promise<StoredEvent[]> {
  const { rows } = await pool.query('SELECT type, data, version, at FROM events WHERE stream = $1 ORDER BY version', [
    stream,
  ]);
  return rows.map((row) => ({ ...row, at: row.at.getTime() }));
}
