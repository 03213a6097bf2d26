import type { Repository } from '#crds';
import { type Enforcement, type Fact, gateOf, type IssueState, type PullRequestFacts, type World } from '#domain';
import { readEnforcement } from '../repositories/enforcement.ts';
import { repositoryName } from '../repositories/name.ts';
import type { Conductor } from './context.ts';
import { readGateWorld } from './gate-world.ts';
import { repositoryKey } from './world.ts';

/** What a merge is decided on came in at most this long before its call leaves, each answer of the forge for itself. */
export const FRESH_MS = 2_000;
/** How long it may take to come in, from the first question to the last answer: a forge may be slow. */
const READING_MS = 10_000;
/** An answer this old is asked for anew before anything is decided on it: what follows takes its time too. */
const STALE_MS = FRESH_MS / 2;

/** The head of a pull request that is looked at. */
interface Asked {
  readonly number: number;
  readonly headSHA: string;
}

/** Reads a pull request whole from the forge and keeps it in the mirror. `cameAt` is when the forge had answered, in ms. */
export async function readPullRequest(
  conductor: Conductor,
  repository: Repository,
  number: number,
  expectedHead?: string,
): Promise<{ live: PullRequestFacts; readAt: number; cameAt: number }> {
  const { forge } = await conductor.forges.forRepository(repository);
  const readAt = conductor.now();
  const live = await forge.pullRequest(repositoryName(repository), number, expectedHead);
  const cameAt = conductor.now();
  await conductor.mirror.putLivePull(conductor.log.pool, repositoryKey(repository)!, live, readAt);
  return { live, readAt, cameAt };
}

/** A pull request and what the forge holds its base to, as they were at most this long ago. */
export interface LiveReading {
  readonly live: PullRequestFacts;
  readonly readAt: number;
  readonly enforcement: Fact<Enforcement>;
  /** When the older of the two answers had come, in ms. */
  readonly cameAt: number;
}

/**
 * Both as they are now. One that has grown old while the other was waited for is read once more, for a forge may be slow at one of them alone. Null
 * where that took too long.
 */
export async function readLive(
  conductor: Conductor,
  repository: Repository,
  { number, headSHA }: Asked,
): Promise<LiveReading | null> {
  const begun = conductor.now();
  const pullOf = () => readPullRequest(conductor, repository, number, headSHA);
  const rulesOf = () => readEnforcement(conductor, repository, repositoryKey(repository)!.id);
  const old = ({ cameAt }: { cameAt: number }) => conductor.now() - cameAt > STALE_MS;
  let [pull, rules] = await Promise.all([pullOf(), rulesOf()]);
  if (old(pull)) pull = await pullOf();
  else if (old(rules)) rules = await rulesOf();
  const cameAt = Math.min(pull.cameAt, rules.cameAt);
  const now = conductor.now();
  if (now - begun > READING_MS || now - cameAt > FRESH_MS) return null;
  return { live: pull.live, readAt: pull.readAt, enforcement: rules.enforcement, cameAt };
}

/**
 * What the gate misses once what deliveries have told of the pull request since it was read is taken in; null where nothing. The mirror keeps a
 * reading and what came after it began. Of the base's tip a delivery may tell less than the reading, which stands.
 */
export async function missingSince(
  conductor: Conductor,
  repository: Repository,
  { live }: Pick<LiveReading, 'live'>,
  decided: { readonly state: IssueState; readonly world: World },
): Promise<string | null> {
  const { mirror, log, policy, now } = conductor;
  const key = repositoryKey(repository)!;
  const { facts } = await mirror.pull(log.pool, key, live.number);
  if (!facts.known) return facts.why;
  const told = facts.value;
  const { mergeable, containsBase } = live;
  const base = told.base.ref === live.base.ref ? live.base : told.base;
  const pullRequest = { ...facts, value: { ...told, base, mergeable, containsBase } };
  const { enforcement } = decided.world.gate;
  const gate = { ...(await readGateWorld(conductor, repository, key, pullRequest.value)), enforcement };
  return gateOf(decided.state, { ...decided.world, gate, pullRequest }, policy, now()).missing?.message ?? null;
}
