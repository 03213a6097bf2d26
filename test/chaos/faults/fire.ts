import { setTimeout as wait } from 'node:timers/promises';
import { type ProcessId, processId } from '#lib/datadir';
import { persist } from '../rig/persist.ts';
import { agentOfRig, freeze, runningProgram, signalProcess } from '../rig/processes.ts';
import type { ChaosRig } from '../rig/rig.ts';
import type { Fault, ForgeFault } from '../schedule/fault.ts';
import type { Witnessed } from '../witness/chronicle.ts';

/** An agent starts, works and ends within seconds: one that is not found soon has ended. */
const AGENT_PATIENCE_MS = 2_000;
/** Deliveries that find nobody are sent again soon, and those of a window of losses never. */
const CALM = { drop: 0, duplicate: 0, reorder: 0, delay: 0, retrySeconds: [0.5, 1, 2, 4, 8] };

/** What became of a fault. */
export interface Outcome {
  /** false where there was nothing left to hit. */
  readonly happened: boolean;
  readonly said: string;
}

const done = (said: string): Outcome => ({ happened: true, said });
const missed = (said: string): Outcome => ({ happened: false, said });

/**
 * Makes one thing go wrong, `event` being its moment, and resolves to what was done when it is over: a program that was frozen goes on, a window has
 * closed. A program that is down is waited for. When `signal` aborts, what was frozen goes on at once.
 */
export async function fire(rig: ChaosRig, fault: Fault, event: Witnessed, signal: AbortSignal): Promise<Outcome> {
  switch (fault.class) {
    case 'kill':
      return killed(await program(rig, fault.what));
    case 'kill-leader':
      return killed(await leader(rig));
    case 'kill-agent':
      return onAgent(rig, event, async (agent) => killed(agent));
    case 'freeze':
      return frozen(await program(rig, fault.what), fault.ms, signal);
    case 'freeze-agent':
      return onAgent(rig, event, (agent) => frozen(agent, fault.ms, signal));
    case 'freeze-leader':
      return frozen(await leader(rig), fault.ms, signal);
    case 'webhooks':
      return webhooks(rig, fault, signal);
    case 'forge-refuses':
    case 'forge-answer-lost':
      return askForge(rig, fault.fault);
    case 'cut-database':
      return done(`${await rig.db.cutSessions()} sessions were cut`);
  }
}

/** Takes back what the forge was asked to do wrong, so that the round can come to its end. Safe to repeat. */
export async function calm({ hands, patienceMs }: ChaosRig): Promise<void> {
  await persist(() => hands.admin('DELETE', '/faults'), patienceMs);
  await persist(() => hands.admin('PUT', '/deliveries/faults', CALM), patienceMs);
}

function program({ layout, patienceMs }: ChaosRig, name: string): Promise<ProcessId> {
  return persist(async () => {
    const found = runningProgram(layout, name);
    if (found === undefined) throw new Error(`${name} does not run`);
    return found;
  }, patienceMs);
}

/** The conductor whose name stands in the row of leadership: it ends with its process id. */
function leader({ db, patienceMs }: ChaosRig): Promise<ProcessId> {
  return persist(async () => {
    const [row] = await db.rows<{ holder: string }>('SELECT holder FROM leadership');
    const found = processId(Number(/-(\d+)$/.exec(row?.holder ?? '')?.[1] ?? 0));
    if (found === undefined) throw new Error(`nobody leads: ${row?.holder} has ended`);
    return found;
  }, patienceMs);
}

async function onAgent(
  { hands }: ChaosRig,
  event: Witnessed,
  act: (agent: ProcessId) => Promise<Outcome>,
): Promise<Outcome> {
  const task = String(event.data.task);
  const found = await persist(async () => {
    const agent = agentOfRig(hands.urls.conductor, task);
    if (agent === undefined) throw new Error('not there');
    return agent;
  }, AGENT_PATIENCE_MS).catch(() => undefined);
  if (found === undefined) return missed(`the agent of ${task} had ended`);
  const { happened, said } = await act(found);
  return { happened, said: `${said}, the agent of ${task}` };
}

async function killed(id: ProcessId): Promise<Outcome> {
  return signalProcess(id, 'SIGKILL') ? done(`killed process ${id.pid}`) : missed(`process ${id.pid} had ended`);
}

async function frozen(id: ProcessId, ms: number, signal: AbortSignal): Promise<Outcome> {
  const thaw = freeze(id);
  await wait(ms, undefined, { signal }).catch(() => {});
  thaw();
  return done(`froze process ${id.pid}`);
}

async function webhooks(
  { hands, patienceMs }: ChaosRig,
  { class: _, ms, ...fractions }: Fault & { class: 'webhooks' },
  signal: AbortSignal,
): Promise<Outcome> {
  const window = { ...fractions, maxDelayMs: 2_000, retrySeconds: [] };
  await persist(() => hands.admin('PUT', '/deliveries/faults', window), patienceMs);
  await wait(ms, undefined, { signal }).catch(() => {});
  await persist(() => hands.admin('PUT', '/deliveries/faults', CALM), patienceMs);
  return done('deliveries were lost, doubled, late and out of order');
}

async function askForge({ hands, patienceMs }: ChaosRig, fault: ForgeFault): Promise<Outcome> {
  const { id } = await persist(() => hands.admin<{ id: number }>('POST', '/faults', fault), patienceMs);
  return done(askedOf(id));
}

const askedOf = (id: number) => `the forge was asked for it (fault ${id})`;

/** What {@link fire} said of faults of the forge that nobody has run into so far. */
export async function unmet({ hands, patienceMs }: ChaosRig): Promise<string[]> {
  const faults = await persist(
    () => hands.admin<{ id: number; seen: number; skip: number }[]>('GET', '/faults'),
    patienceMs,
  );
  return faults.filter(({ seen, skip }) => seen <= skip).map(({ id }) => askedOf(id));
}
