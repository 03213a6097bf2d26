import type { Repository, ServiceLevel } from '#crds';
import { type Fact, known, type SloFacts, unknown } from '#domain';
import type { Ask } from './prometheus.ts';
import { readSlo } from './read.ts';
import { questionsOf } from './wish.ts';

/** Production is asked again when what is known of it is this old, in ms. */
const AGAIN_MS = 15_000;
/** A reading may reach Prometheus so long after its moment, in ms: until then two questions about that moment need not agree. */
const SETTLED_MS = 10_000;
/** All questions of one Repository together, in ms. */
const PATIENCE_MS = 30_000;
const REMEMBERED = 2_000;

interface Known {
  /** When it was asked, in ms. */
  readonly askedAt: number;
  /** The questions that it answers, with whom they were put to. */
  readonly key: string;
  /** The moment that it is about. */
  readonly at: number;
  readonly facts: SloFacts;
}

interface Kept {
  known?: Known;
  running?: { readonly key: string; readonly ends: Promise<void> };
  readonly told: Set<() => void>;
}

export interface ProductionOptions {
  readonly ask: Ask;
  readonly now: () => number;
  /** How far back the moment lies that is asked about, in ms. Default ten seconds. */
  readonly settledMs?: number;
  /** What became of each question. */
  readonly onAnswered?: (facts: SloFacts, ms: number) => void;
}

/**
 * What is known of production, by Repository: answered from memory at once, and asked again behind the caller's back when that is older than fifteen
 * seconds, once for everybody who wants to know.
 */
export class Production {
  readonly #options: ProductionOptions;
  readonly #kept = new Map<string, Kept>();
  readonly #over = new AbortController();

  constructor(options: ProductionOptions) {
    this.#options = options;
  }

  /** What was answered last, however old: the rules say how old it may be. `onTold` is called once, when something newer is known. */
  of(repository: Pick<Repository, 'metadata' | 'spec'>, onTold: () => void = () => {}): Fact<SloFacts> {
    const { slo } = repository.spec;
    if (slo?.kind !== 'prometheus') return unknown('The Repository names no Prometheus.');
    const kept = this.#keptOf(repository.metadata.uid!);
    const key = JSON.stringify(slo);
    const last = kept.known?.key === key ? kept.known : undefined;
    if (last === undefined || !(Math.abs(this.#options.now() - last.askedAt) < AGAIN_MS)) {
      kept.told.add(onTold);
      this.#ask(kept, slo, key);
    }
    return last === undefined ? unknown('Production is being asked.') : known(last.facts, last.at);
  }

  /** Resolves when nothing is being asked any more. */
  async idle(): Promise<void> {
    await Promise.all([...this.#kept.values()].map(({ running }) => running?.ends));
  }

  /** Gives up whatever is being asked. */
  close(): void {
    this.#over.abort();
  }

  #keptOf(uid: string): Kept {
    const found = this.#kept.get(uid);
    if (found !== undefined) return found;
    const kept: Kept = { told: new Set() };
    this.#kept.set(uid, kept);
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > REMEMBERED && oldest !== undefined) this.#kept.delete(oldest);
    return kept;
  }

  #ask(kept: Kept, slo: ServiceLevel, key: string): void {
    if (kept.running?.key === key || this.#over.signal.aborted) return;
    const running = { key, ends: this.#read(kept, slo, key).finally(() => this.#end(kept, running)) };
    kept.running = running;
  }

  async #read(kept: Kept, slo: ServiceLevel, key: string): Promise<void> {
    const { ask, now, onAnswered, settledMs = SETTLED_MS } = this.#options;
    const askedAt = now();
    const at = askedAt - settledMs;
    const signal = AbortSignal.any([this.#over.signal, AbortSignal.timeout(PATIENCE_MS)]);
    const facts = await readSlo(ask, { url: slo.prometheusURL!, questions: questionsOf(slo), at }, signal);
    if (this.#over.signal.aborted) return;
    kept.known = { key, askedAt, at, facts };
    onAnswered?.(facts, now() - askedAt);
  }

  #end(kept: Kept, running: Kept['running']): void {
    if (kept.running !== running) return;
    delete kept.running;
    const told = [...kept.told];
    kept.told.clear();
    for (const tell of told) tell();
  }
}
