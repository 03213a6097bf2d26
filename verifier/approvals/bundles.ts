import type { Approval } from '#crds';
import { openedOrRefused } from '#lib/attest';
import type { KubeObject } from '#lib/kube';
import type { TrustView } from './trust.ts';

const KEPT = 2_000;

/** What is in the bundle of an Approval, or why it does not verify. */
export type Opened = ReturnType<typeof openedOrRefused>;

/** Opens the bundles of Approvals offline, each once for a trusted root. */
export class Bundles {
  readonly #opened = new Map<string, Opened>();

  open({ metadata, spec }: Approval & KubeObject, { trust, rootVersion }: TrustView): Opened {
    const key = `${metadata.uid} ${rootVersion}`;
    const found = this.#opened.get(key) ?? openedOrRefused(spec.bundle, trust);
    this.#opened.set(key, found);
    const [oldest] = this.#opened.keys();
    if (this.#opened.size > KEPT && oldest !== undefined) this.#opened.delete(oldest);
    return found;
  }
}
