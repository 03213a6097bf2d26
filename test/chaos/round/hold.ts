import { calm } from '../faults/fire.ts';
import { checkDeliveries, countDeliveries, type DeliveryCounts } from '../invariants/deliveries.ts';
import { checkForge, type Ended } from '../invariants/forge.ts';
import { checkLog, endOf } from '../invariants/log.ts';
import { lastSent, lastStored, NEWEST, readSent, readStored } from '../rig/deliveries.ts';
import { lastNumber, readForge } from '../rig/forge-facts.ts';
import { openWorkQuery } from '../rig/open.ts';
import { persist } from '../rig/persist.ts';
import type { ChaosRig } from '../rig/rig.ts';
import type { Work } from '../rig/work.ts';
import type { Witness } from '../witness/witness.ts';

/** Where everything stood when a round began: what came later is the round's. */
export interface Before {
  readonly streams: ReadonlySet<string>;
  readonly sent: number;
  readonly stored: number;
  /** The highest number of each repository. */
  readonly numbers: ReadonlyMap<string, number>;
  readonly at: Date;
}

/** Waits until no delivery is on its way: one that was sent before and is stored afterwards would belong to neither. */
export async function lookBefore(rig: ChaosRig, witness: Witness): Promise<Before> {
  await persist(async () => {
    const pending = (await readSent(rig, NEWEST)).filter((each) => each.pending).length;
    if (pending > 0) throw new Error(`${pending} deliveries are on their way before the round`);
  }, rig.patienceMs);
  await witness.look();
  const numbers = await Promise.all(rig.repositories.map(async (name) => [name, await lastNumber(rig, name)] as const));
  return {
    streams: witness.chronicle.streams,
    sent: await lastSent(rig),
    stored: await lastStored(rig),
    numbers: new Map(numbers),
    at: new Date(),
  };
}

export interface Held {
  readonly events: number;
  readonly deliveries: DeliveryCounts;
  readonly effectsTriedAgain: number;
  readonly violations: readonly string[];
}

interface HoldOptions {
  readonly rig: ChaosRig;
  readonly witness: Witness;
  readonly before: Before;
  readonly work: readonly Work[];
  /** Stream of each issue. */
  readonly streams: ReadonlyMap<string, string>;
  readonly patienceMs: number;
  readonly signal: AbortSignal;
}

/** Lets the rig come to rest and holds log, forge, git, deliveries and effects of a round against what must be. */
export async function hold(options: HoldOptions): Promise<Held> {
  const { rig, witness, before } = options;
  await calm(rig);
  const restless = await untilAtRest(options);
  const changed = await witness.holdAgainstLog();
  const logs = [...options.streams].flatMap(([name, stream]) =>
    checkLog(witness.chronicle.of(stream)).map((fault) => `${name}: ${fault}`),
  );
  const sent = await readSent(rig, before.sent);
  const stored = await readStored(rig, before.stored);
  const own = [...witness.chronicle.streams].filter((stream) => !before.streams.has(stream));
  return {
    events: own.reduce((sum, stream) => sum + witness.chronicle.of(stream).length, 0),
    deliveries: countDeliveries(sent, stored),
    effectsTriedAgain: await triedAgain(rig, before.at),
    violations: [...restless, ...changed, ...logs, ...(await holdForge(options)), ...checkDeliveries(sent, stored)],
  };
}

/**
 * Nothing of the round runs, is due or is on its way any more. Looked at in the direction in which one thing leads to the next, and twice, since
 * what is settled may lead to something at the forge.
 */
async function untilAtRest({ rig, before, patienceMs, signal }: HoldOptions): Promise<string[]> {
  const look = async () => {
    const open: string[] = [];
    for (let pass = 1; pass <= 2; pass += 1) {
      const runs = (await rig.hands.admin<{ open: number }>('GET', '/ci')).open;
      if (runs > 0) open.push(`${runs} check runs are not over`);
      const pending = (await readSent(rig, before.sent)).filter((each) => each.pending).length;
      if (pending > 0) open.push(`${pending} deliveries are on their way`);
      open.push(...(await rig.db.rows<{ what: string }>(...openWorkQuery(before.at))).map(({ what }) => what));
      if (open.length > 0) throw new Error(open.join('; '));
    }
  };
  return persist(look, patienceMs, signal).then(
    () => [],
    (error: Error) => {
      signal.throwIfAborted();
      return [`it does not come to rest: ${error.message}`];
    },
  );
}

async function triedAgain({ db }: ChaosRig, since: Date): Promise<number> {
  const [row] = await db.rows<{ count: number }>(
    'SELECT count(*)::int AS count FROM effects WHERE attempt > 1 AND created_at >= $1',
    [since],
  );
  return row?.count ?? 0;
}

async function holdForge({ rig, witness, before, work, streams }: HoldOptions): Promise<string[]> {
  const ended = await Promise.all(
    work.map(async ({ name, repository }): Promise<Ended & { repository: string; why: string }> => {
      const { spec, status } = await persist(() => rig.hands.issue(name), rig.patienceMs);
      const end = endOf(witness.chronicle.of(streams.get(name) ?? ''));
      return {
        name,
        repository,
        title: spec.title,
        number: status?.number ?? spec.number ?? null,
        end,
        why: status?.why ?? '',
      };
    }),
  );
  const silent = ended
    .filter(({ end, why }) => end !== 'merged' && why === '')
    .map(({ name }) => `${name}: WHY is empty`);
  const used = rig.repositories.filter((name) => work.some(({ repository }) => repository === name));
  const shown = await Promise.all(
    used.map(async (name) => {
      const facts = await readForge(rig, name, before.numbers.get(name) ?? 0);
      return checkForge(
        facts,
        ended.filter(({ repository }) => repository === name),
      );
    }),
  );
  return [...silent, ...shown.flat()];
}
