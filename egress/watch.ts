import { reason } from '#crds';
import { judgeEgress } from '#domain';
import { ConductorError } from '#lib/conductor';
import type { Denials } from './denials.ts';
import type { AllowedHosts } from './gate.ts';
import type { Ledger, Open } from './ledger.ts';

const SWEEP_MS = 1_000;
/** How often each open connection is judged again: what bounds how long an edit or an ended claim takes. */
const JUDGE_MS = 15_000;
/** For so long connections outlive a conductor that does not answer. */
const UNKNOWN_MS = 45_000;

export interface WatchDeps {
  readonly allowed: AllowedHosts;
  readonly ledger: Ledger;
  readonly denials: Denials;
  readonly now: () => number;
}

/** Cuts what is open and no longer may be. */
export class Watch {
  readonly #deps: WatchDeps;
  /** When each task was last known to be allowed what it has. */
  readonly #sure = new Map<string, number>();
  #judgedAt: number;
  #timer: NodeJS.Timeout | undefined;

  constructor(deps: WatchDeps) {
    this.#deps = deps;
    this.#judgedAt = deps.now();
  }

  start(): void {
    this.#timer = setInterval(() => void this.tick(), SWEEP_MS);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** One look: bytes and refusals each time, every open connection against its list every 15 seconds. */
  async tick(): Promise<void> {
    const { ledger, denials, now } = this.#deps;
    denials.sweep();
    for (const open of ledger.sweep()) this.#cut(open, reason('TransferExhausted'));
    if (now() - this.#judgedAt < JUDGE_MS) return;
    this.#judgedAt = now();
    const tasks = Map.groupBy(ledger.open, ({ caller }) => caller.uid);
    for (const uid of this.#sure.keys()) if (!tasks.has(uid)) this.#sure.delete(uid);
    await Promise.all([...tasks].map(([uid, opens]) => this.#judge(uid, opens)));
  }

  async #judge(uid: string, opens: readonly Open[]): Promise<void> {
    const { allowed, now } = this.#deps;
    const sure = this.#sure.get(uid) ?? now();
    this.#sure.set(uid, sure);
    try {
      const { allow } = await allowed(opens[0]!.caller);
      this.#sure.set(uid, now());
      for (const open of opens) {
        const verdict = judgeEgress(allow, open.target);
        if (!verdict.allowed) this.#cut(open, verdict.reason);
      }
    } catch (error) {
      const unknown = !(error instanceof ConductorError && error.code === 'DeadFence');
      if (unknown && now() - sure < UNKNOWN_MS) return;
      for (const open of opens) open.cut();
    }
  }

  #cut(open: Open, why: Parameters<Denials['record']>[2]): void {
    this.#deps.denials.record(open.caller, open.target, why);
    open.cut();
  }
}
