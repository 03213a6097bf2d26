import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RigReplay, replayDiffers } from './rig/replay.ts';
import { startChaosRig } from './rig/rig.ts';
import { Round, type RoundResult } from './round/round.ts';
import { tellStory } from './round/story.ts';
import { plan } from './schedule/plan.ts';
import { Witness } from './witness/witness.ts';

export interface ChaosOptions {
  readonly seed: string;
  /** Numbers of the rounds, in the order they are run. */
  readonly rounds: readonly number[];
  readonly issues: number;
  /** Things that go wrong in a round. */
  readonly faults: number;
  /** How long all issues of a round may take to end after its last fault, in ms. */
  readonly patienceMs: number;
  /** Keep the rig's data directory in any case; after a round that does not hold it is kept anyhow. */
  readonly keep: boolean;
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
  /** Gets every round as it ends. */
  readonly onRound?: (result: RoundResult) => void;
}

export interface ChaosResult {
  readonly rounds: readonly RoundResult[];
  /** What a replay of the whole log found to be otherwise, once all rounds were over. */
  readonly replay: RigReplay;
  /** Where the rig's data is, when it was kept. */
  readonly dataDir: string | null;
}

/** Issues share a repository by twos: one of them has to take in what the other merged. */
const ISSUES_PER_REPOSITORY = 2;

/**
 * Runs rounds one after the other on one rig, up to the first that does not hold. Rejects when the rig could not be started or asked, or `signal` aborts;
 * in any case nothing is left running.
 */
export async function runChaos(options: ChaosOptions): Promise<ChaosResult> {
  const dataDir = mkdtempSync(join(tmpdir(), 'rig-chaos-'));
  let holds = false;
  try {
    const result = await runRounds(options, dataDir);
    holds = !result.replay.differs && result.rounds.every(({ violations }) => violations.length === 0);
    return { ...result, dataDir: holds && !options.keep ? null : dataDir };
  } finally {
    if (options.keep || !(holds || options.signal.aborted)) options.say(`The data is in ${dataDir}`);
    else rmSync(dataDir, { recursive: true, force: true, maxRetries: 3 });
  }
}

async function runRounds(options: ChaosOptions, dataDir: string): Promise<Omit<ChaosResult, 'dataDir'>> {
  const { seed, issues, faults, patienceMs, signal, say } = options;
  const repositories = Math.ceil(issues / ISSUES_PER_REPOSITORY);
  await using rig = await startChaosRig({ dataDir, repositories, patienceMs, signal });
  const witness = new Witness(rig.db);
  const rounds: RoundResult[] = [];
  for (const number of options.rounds) {
    say(`Round ${number} of seed ${seed}`);
    const schedule = plan({ seed, round: number, issues, faults });
    const round = new Round({ rig, witness, schedule, patienceMs, signal, say });
    const result = await round.run();
    rounds.push(result);
    options.onRound?.(result);
    if (result.violations.length === 0) continue;
    const story = tellStory(result, round.streams, witness.chronicle);
    writeFileSync(join(dataDir, 'chaos-story.txt'), `${story}\n`);
    say(story);
    return { rounds, replay: { differs: false, said: 'not asked' } };
  }
  return { rounds, replay: await replayDiffers(rig) };
}

/** A seed for a run that was given none. */
export function freshSeed(): string {
  return randomBytes(4).toString('hex');
}
