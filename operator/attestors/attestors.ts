import { createHash } from 'node:crypto';
import type { Repository } from '#crds';
import { type AttestingMachines, attestedText, type Fact, judgeAttestation, known, unknown } from '#domain';
import { AttestError, openBundle } from '#lib/attest';
import type { TrustReader, TrustView } from '../approvals/trust.ts';
import type { Forges } from '../forges/forges.ts';
import { repositoryName } from '../repositories/name.ts';

/**
 * The forge is asked again about a head this long after it was asked last, in ms: soon at first, for no forge tells that something was signed and CI ends
 * about now, and ever more rarely.
 */
const AGAIN_MS = { least: 2_000, most: 20_000 } as const;
/** What was read is believed for this long, in ms: a machine that is taken off the list stops being believed. */
const FRESH_MS = 60_000;
const KEPT = 1_000;

export interface AttestorsOptions {
  readonly forges: Pick<Forges, 'forRepository'>;
  readonly trust: Pick<TrustReader, 'read'>;
  readonly now: () => number;
}

interface Kept {
  fact: Fact<AttestingMachines>;
  askedAt: number;
  /** When it was asked about first, in ms. */
  readonly since: number;
  running: boolean;
  readonly told: Set<() => void>;
}

/**
 * Which listed machines signed for a head, read from the forge that keeps their attestations and verified here, offline, from each bundle itself.
 * Answered from memory at once, and asked again behind the caller's back.
 */
export class MachineAttestors {
  readonly #options: AttestorsOptions;
  readonly #kept = new Map<string, Kept>();
  readonly #running = new Set<Promise<void>>();

  constructor(options: AttestorsOptions) {
    this.#options = options;
  }

  /** `onTold` is called once, when something newer is known. */
  of(repository: Repository, headSHA: string, onTold: () => void = () => {}): Fact<AttestingMachines> {
    const { now } = this.#options;
    const kept = this.#keptOf(`${repository.metadata.uid} ${headSHA}`);
    if (!kept.running && isDue(kept, now())) this.#ask(kept, repository, headSHA);
    if (kept.running) kept.told.add(onTold);
    const { fact } = kept;
    if (!fact.known || Math.abs(now() - fact.observedAt) <= FRESH_MS) return fact;
    return unknown('What machines signed for the head was read too long ago; it is read again.');
  }

  /** Resolves when nothing is being read. */
  async idle(): Promise<void> {
    await Promise.all(this.#running);
  }

  #keptOf(key: string): Kept {
    const found = this.#kept.get(key);
    if (found !== undefined) return found;
    if (this.#kept.size >= KEPT) this.#kept.clear();
    const fact = unknown('What machines signed for the head is being read.');
    const since = this.#options.now();
    const kept: Kept = { fact, since, askedAt: Number.NEGATIVE_INFINITY, running: false, told: new Set() };
    this.#kept.set(key, kept);
    return kept;
  }

  #ask(kept: Kept, repository: Repository, headSHA: string): void {
    kept.running = true;
    kept.askedAt = this.#options.now();
    const running = this.#read(repository, headSHA).then((fact) => {
      kept.fact = fact;
      kept.running = false;
      this.#running.delete(running);
      const told = [...kept.told];
      kept.told.clear();
      for (const tell of told) tell();
    });
    this.#running.add(running);
  }

  /** Never rejects. */
  async #read(repository: Repository, headSHA: string): Promise<Fact<AttestingMachines>> {
    const { forges, trust, now } = this.#options;
    const at = now();
    const repositoryId = repository.status?.forge?.repositoryID;
    if (repositoryId === undefined) return unknown('The Repository is not known at its forge yet.');
    try {
      const digest = sha256(attestedText({ repositoryId, headSHA }));
      const { forge } = await forges.forRepository(repository);
      const [view, bundles] = await Promise.all([trust.read(), forge.attestations(repositoryName(repository), digest)]);
      return known({ headSHA, ...judgeAll(bundles, view, { digest, now: at }) }, at);
    } catch (error) {
      return unknown(`What machines signed for the head could not be read: ${(error as Error).message}`);
    }
  }
}

/** Somebody who vouches already is as good a minute later; a clock that was put back makes everything due. */
function isDue({ fact, askedAt, since }: Kept, now: number): boolean {
  const { least, most } = AGAIN_MS;
  const vouched = fact.known && fact.value.vouching.length > 0;
  const pause = vouched ? most : Math.min(most, Math.max(least, (askedAt - since) / 2));
  return !(Math.abs(now - askedAt) < pause);
}

function judgeAll(
  bundles: readonly string[],
  { trust, machines, humans }: TrustView,
  asked: { readonly digest: string; readonly now: number },
): Pick<AttestingMachines, 'vouching' | 'refused'> {
  const verdicts = bundles.map((bundle) => {
    try {
      return judgeAttestation(openBundle(bundle, trust), { ...asked, machines, humans });
    } catch (error) {
      if (error instanceof AttestError) return { vouches: false as const, message: error.message };
      throw error;
    }
  });
  return {
    vouching: verdicts.flatMap((verdict) => (verdict.vouches ? [verdict.identity] : [])),
    refused: verdicts.find((verdict) => !verdict.vouches)?.message ?? null,
  };
}

const sha256 = (text: string): string => createHash('sha256').update(text, 'utf8').digest('hex');
