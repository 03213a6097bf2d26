import type { Context } from '../context.ts';
import { finishDeployment } from '../model/index.ts';

/** Reports the outcome of the forge's own deployments when it is due; those that were under way at a crash, at the next start. */
export class Deployer {
  readonly #ctx: Context;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(ctx: Context) {
    this.#ctx = ctx;
  }

  /** Reports what is due and plans to come back for the rest. Cheap; safe to call at any time. */
  wake(): void {
    if (this.#stopped) return;
    clearTimeout(this.#timer);
    const { deployments } = this.#ctx.store;
    for (const { id } of deployments.find({ reportAt: { lt: this.#ctx.clock() + 1 } })) finishDeployment(this.#ctx, id);
    const next = deployments.first({ reportAt: { gte: 0 } }, { orderBy: 'reportAt' })?.reportAt;
    if (next == null) return;
    this.#timer = setTimeout(() => this.wake(), Math.max(10, next - this.#ctx.clock()));
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }
}
