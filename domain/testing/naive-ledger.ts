import type { Tier } from '../events/catalogue.ts';
import type { Deed, Said } from './ledger.ts';

/** What the naive ledger is asked about. */
export interface NaiveKey {
  readonly agent: string;
  readonly taskClass: string;
  readonly model: string;
}

interface NaivePolicy {
  readonly streak: number;
  readonly settle: number;
  readonly maxPerDay: number;
  readonly cooldown: number;
  readonly resetOnModelChange: boolean;
  readonly tiersOf: (taskClass: string) => ReadonlySet<Tier>;
}

const LADDER: readonly Tier[] = ['T0', 'T1', 'T2'];
const dayOf = (at: number): string => new Date(at).toISOString().slice(0, 10);
const settleOf = ({ mergedAt, live }: Deed, { settle }: NaivePolicy): number =>
  mergedAt + (live === 'none' ? 0 : live) + settle;

/**
 * The ledger as the design says it, word for word and without a thought for speed: at every moment at which anything happened it looks at all
 * that ever did. Written apart from the rules, to be held against them.
 */
export function naiveLedger(
  deeds: readonly Deed[],
  said: readonly Said[],
  key: NaiveKey,
  policy: NaivePolicy,
  now: number,
) {
  const ofPair = deeds.filter(
    (one) =>
      one.agent === key.agent &&
      one.taskClass === key.taskClass &&
      one.mergedAt <= now &&
      (one.models.length === 0 || one.models.includes('unknown') || one.models.includes(key.model)),
  );
  const first = deeds
    .filter(({ agent }) => agent === key.agent)
    .flatMap(({ models, mergedAt }) => models.map((model) => ({ model, at: mergedAt - 1_000 })))
    .sort((a, b) => a.at - b.at || (a.model < b.model ? -1 : 1))[0]?.model;
  const grants = said.flatMap((one) =>
    one.do === 'grant' && one.agent === key.agent && one.taskClass === key.taskClass && one.model === key.model
      ? [one]
      : [],
  );
  const words = said.filter((one) => one.agent === key.agent && one.model === key.model);
  const acknowledged = (at: number) =>
    !policy.resetOnModelChange ||
    first === key.model ||
    words.some((one) => one.at <= at && (one.do === 'ack' || (one.do === 'grant' && one.taskClass === key.taskClass)));
  const rollbacks = ofPair.flatMap(({ rollback }) => (rollback === null ? [] : [rollback.at]));
  const cooling = (at: number) => rollbacks.some((back) => back <= at && at < back + policy.cooldown);
  const worthy = ofPair.filter(
    (one) =>
      !one.byAgent &&
      one.models.length === 1 &&
      one.rework === 'none' &&
      one.depleted === null &&
      !one.models.includes('unknown') &&
      one.substance === 'written' &&
      (one.rollback === null || one.rollback.at > settleOf(one, policy) + policy.cooldown),
  );
  const moments = [
    ...rollbacks,
    ...grants.map(({ at }) => at),
    ...ofPair.filter(({ rework }) => rework !== 'none').map(({ mergedAt }) => mergedAt),
    ...ofPair.flatMap(({ depleted, mergedAt }) => (depleted === null ? [] : [mergedAt + depleted])),
    ...worthy.map((one) => settleOf(one, policy)),
  ];
  const tiers = policy.tiersOf(key.taskClass);
  const counted: { at: number; parent: string | null; serial: number }[] = [];
  let ceiling: Tier = 'T0';
  let since = 0;
  let promotions = 0;
  const clear = () => {
    since = counted.length;
  };
  for (const at of [...new Set(moments)].filter((one) => one <= now).sort((a, b) => a - b)) {
    for (const _ of rollbacks.filter((back) => back === at)) {
      ceiling = LADDER[Math.max(0, LADDER.indexOf(ceiling) - 1)]!;
      clear();
    }
    if (ofPair.some(({ rework, mergedAt }) => rework !== 'none' && mergedAt === at)) clear();
    if (ofPair.some(({ depleted, mergedAt }) => depleted !== null && mergedAt + depleted === at)) clear();
    for (const grant of grants.filter((one) => one.at === at))
      if (!cooling(at) && grant.tier > ceiling) {
        ceiling = grant.tier;
        clear();
      }
    const settled = worthy.filter((one) => settleOf(one, policy) === at);
    for (const one of settled.toSorted((a, b) => (`stream-${a.issue}/1` < `stream-${b.issue}/1` ? -1 : 1))) {
      const fits =
        one.tier === ceiling ||
        (!tiers.has(ceiling) && one.byPerson && one.tier === LADDER[LADDER.indexOf(ceiling) + 1]);
      if (!fits) continue;
      if (one.parent !== null && counted.some(({ parent }) => parent === one.parent)) continue;
      if (counted.filter((other) => dayOf(other.at) === dayOf(at)).length >= policy.maxPerDay) continue;
      counted.push({ at, parent: one.parent, serial: counted.length });
      const next = LADDER[LADDER.indexOf(ceiling) + 1];
      if (next === undefined || counted.length - since < policy.streak || cooling(at) || !acknowledged(at)) continue;
      ceiling = next;
      promotions += 1;
      clear();
    }
  }
  return { ceiling, streak: counted.length - since, promotions };
}
