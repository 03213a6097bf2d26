import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import fc from 'fast-check';
import {
  type DomainEvent,
  decideCommand,
  evolve,
  type IssueState,
  liveTasks,
  noIssue,
  type StoredEvent,
} from '#domain';
import type { Pool } from '#lib/db';
import { ensureSubject, isEventsError } from '#lib/events';
import { silentLogger } from '#lib/observe';
import { until } from '../../test/kit/cluster-wait.ts';
import { agentsReady } from '../api/cluster.int-kit.ts';
import { fileLife, repositoryReady, type TestConductor, testConductor } from '../api/conductor.int-kit.ts';
import { applyIssue, applyTenant } from '../api/objects.int-kit.ts';
import { AGENTS } from '../objects.ts';
import { type Claimant, claimOrEnqueue, dispatchTask } from '../store/claims.ts';
import { Draft } from '../store/draft.ts';
import type { IssueLog } from '../store/log.ts';
import type { SubjectName } from '../store/project.ts';
import { cause, finished, type LogWorld, openLog, SHA, spec } from '../store/store.int-kit.ts';
import { claimNext } from '../store/take.ts';
import { IssueController } from './controller.ts';

const CONTROLLERS = 2;
const LIMIT = 5;
const ISSUES = 30;
const ada = { id: 1, login: 'ada', kind: 'user' } as const;

/** The most tasks of each Agent that were ever live at once, as the whole log tells it, event by event. */
async function highWater(pool: Pool): Promise<Map<string, number>> {
  const { rows } = await pool.query('SELECT stream, type, data, version, at FROM events ORDER BY pos');
  const states = new Map<string, IssueState>();
  const most = new Map<string, number>();
  const running = new Map<string, number>();
  const count = (state: IssueState, by: 1 | -1) => {
    for (const { agent } of liveTasks(state)) running.set(agent.uid, (running.get(agent.uid) ?? 0) + by);
  };
  for (const { stream, ...event } of rows) {
    const state = states.get(stream) ?? noIssue;
    const next = evolve(state, { ...event, at: event.at.getTime() } as StoredEvent);
    count(state, -1);
    count(next, 1);
    states.set(stream, next);
    for (const [agent, n] of running) most.set(agent, Math.max(n, most.get(agent) ?? 0));
  }
  return most;
}

let rig: TestConductor;
const issues: IssueController[] = [];

before(async () => {
  rig = await testConductor(fileLife);
  rig.manager.start();
  await applyTenant(rig);
  await repositoryReady(rig);
  await rig.client.patch(AGENTS, { namespace: rig.namespace, name: 'dev-e' }, { spec: { concurrency: LIMIT } });
  await agentsReady(rig);
  const others = [];
  for (let n = 1; n < CONTROLLERS; n += 1) others.push(await testConductor(fileLife, { after: rig }));
  const conductors = [rig, ...others];
  for (const each of conductors) {
    each.conductor.leader.epoch = conductors.at(-1)!.conductor.leader.epoch;
    if (each !== rig) each.manager.start();
    const controller = new IssueController(each.conductor, silentLogger);
    each.grown.add((subject, growth) => {
      for (const one of issues) one.grew(subject, growth);
    });
    issues.push(controller);
    fileLife.after(() => controller.controller.stop({ graceMs: 100 }));
    await controller.controller.start();
  }
});

interface Live {
  readonly subject: SubjectName;
}

async function live(): Promise<Live[]> {
  const { rows } = await rig.db.pool.query(
    `SELECT s.id, s.namespace, s.name FROM tasks t JOIN subjects s ON s.id = t.subject WHERE t.agent_name = 'dev-e' AND t.ended_at IS NULL`,
  );
  return rows.map((subject) => ({ subject }));
}

test('30 Issues at once for an Agent of concurrency 5, before two conductors that both take themselves for the leader: 5 run, 25 wait, never a sixth, until the last has run', async () => {
  await Promise.all(Array.from({ length: ISSUES }, (_, n) => applyIssue(rig, `burst-${n}`, { number: 1_000 + n })));
  const settled = async (running: number, queued: number) => {
    // An entry that a slower conductor made after its issue had moved is dropped by whoever meets it.
    const { rows } = await rig.db.pool.query(
      'SELECT count(*)::int AS n FROM queue q WHERE version = (SELECT max(version) FROM events WHERE stream = q.subject)',
    );
    const now = await live();
    assert.ok(now.length <= LIMIT, `${now.length} tasks run at once`);
    return now.length === running && rows[0].n === queued ? now : undefined;
  };
  for (let done = 0; done < ISSUES; ) {
    const left = ISSUES - done;
    const running = Math.min(LIMIT, left);
    const now = await until(
      `${running} run and ${left - running} wait`,
      () => settled(running, left - running),
      90_000,
    );
    // All of them end in the same moment, and every conductor is told so.
    await Promise.all(now.map(({ subject }) => rig.conductor.log.append(subject, cause, cancelled)));
    done += now.length;
  }
  assert.equal((await highWater(rig.db.pool)).get((await devE()).metadata.uid!), LIMIT);
});

const devE = () => rig.client.get(AGENTS, { namespace: rig.namespace, name: 'dev-e' });

function cancelled(state: IssueState): DomainEvent[] {
  const decision = decideCommand(state, { command: { do: 'cancel' }, by: ada, comment: null });
  return decision.accepted ? decision.events : [];
}

const OPS = ['arrive', 'arrive', 'arrive', 'fill', 'fill', 'end', 'end', 'rework', 'review', 'cancel', 'hold'] as const;
type Op = (typeof OPS)[number];

/** What one of many dispatchers does at a moment of its own. It may be late, first, or told that another was faster. */
async function act(world: LogWorld, log: IssueLog, op: Op, agent: Claimant, pick: number): Promise<void> {
  if (op === 'arrive') return arrive(world, log, agent, pick);
  if (op === 'fill') return void (await claimNext(log, agent, world.leader, cause));
  const { rows } = await world.pool.query(
    `SELECT s.id, s.namespace, s.name FROM subjects s JOIN claims c ON c.subject = s.id WHERE c.lane = 'work' AND c.ended_at IS NULL ORDER BY s.id`,
  );
  const subject: SubjectName | undefined = rows[pick % Math.max(1, rows.length)];
  if (subject === undefined) return;
  if (op === 'end')
    return void (await log.append(subject, cause, ({ task }) => (task.work ? [finished(task.work)] : [])));
  if (op === 'cancel') return void (await log.append(subject, cause, cancelled));
  if (op === 'hold') return void (await log.append(subject, cause, held));
  const state = await log.load(subject);
  if (state.task[op === 'rework' ? 'work' : 'review'] !== null || state.work === null) return;
  const wanted = { kind: op, agent, headSHA: SHA, why: 'It is next.' };
  await dispatchTask(log, subject, state.version, wanted, world.leader, cause);
}

function held(state: IssueState): DomainEvent[] {
  const decision = decideCommand(state, { command: { do: 'hold', on: true }, by: ada, comment: null });
  return decision.accepted ? decision.events : [];
}

let arrived = 0;
async function arrive(world: LogWorld, log: IssueLog, agent: Claimant, priority: number): Promise<void> {
  const uid = `uid-arrived-${++arrived}`;
  const { subject } = await ensureSubject(world.pool, { kind: 'Issue', namespace: 'team', name: uid, uid });
  const draft = new Draft(log, subject, cause, await log.load(subject), Date.now);
  draft.add([{ type: 'ISSUE_FILED', data: { uid, generation: 1, spec } }]);
  const place = {
    priority: priority % 4,
    filedAt: arrived,
    candidates: [agent.uid],
    stack: null,
    message: 'It waits.',
  };
  await claimOrEnqueue(draft, { subject, ...place }, [agent], world.leader);
}

test('whatever arrives, ends, is sent back, held or cancelled at once, before however many dispatchers: no Agent runs more than it may at any moment', async (t) => {
  const world = await openLog(t, 24);
  t.after(() => world.pool.end());
  const logs = [world.log, ...Array.from({ length: 5 }, () => world.another())];
  const step = fc.record({ op: fc.constantFrom(...OPS), at: fc.nat(5), agent: fc.nat(1), pick: fc.nat(20) });
  let busiest = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(step, { minLength: 8, maxLength: 24 }), { minLength: 2, maxLength: 6 }),
      fc.tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 3 })),
      async (waves, limits) => {
        await world.pool.query('TRUNCATE queue, tasks, claims, agent_slots, events CASCADE');
        const agents = limits.map((concurrency, n) => ({ name: `agent-${n}`, uid: `agent-${n}`, concurrency }));
        for (const wave of waves)
          await Promise.all(
            wave.map(({ op, at, agent, pick }) =>
              act(world, logs[at]!, op, agents[agent]!, pick).catch((error: unknown) => {
                if (!isEventsError(error, 'Concurrency')) throw error;
              }),
            ),
          );
        const most = await highWater(world.pool);
        for (const { uid, concurrency } of agents) {
          busiest = Math.max(busiest, most.get(uid) ?? 0);
          assert.ok(
            (most.get(uid) ?? 0) <= concurrency,
            `${uid} ran ${most.get(uid)} tasks, and may run ${concurrency}`,
          );
        }
      },
    ),
    { numRuns: 8 },
  );
  assert.ok(busiest >= 3, 'the stories hardly gave anybody anything to do');
});
