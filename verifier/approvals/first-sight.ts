import { setImmediate } from 'node:timers/promises';
import type { Approval } from '#crds';
import { approvalLife, judgeSigned } from '#domain';
import { AttestError } from '#lib/attest';
import { type Informer, isKubeError, type KubeObject, Retry } from '#lib/kube';
import type { Opened } from './bundles.ts';
import { sha256 } from './check.ts';
import { heldIn, type Signatures } from './signatures.ts';
import type { TrustReader, TrustView } from './trust.ts';

type KnownApproval = Approval & KubeObject;

/** An object may be a little younger than what it holds, by another clock. */
const SKEW_MS = 3_600_000;
/** Bundles that are opened at one look: each costs ten milliseconds, and whoever files many keeps nobody waiting. */
const MOST = 256;

export interface FirstSightParts {
  readonly approvals: Pick<Informer<KnownApproval>, 'list'>;
  readonly trust: Pick<TrustReader, 'read'>;
  readonly signatures: Pick<Signatures, 'hold' | 'standing'>;
  readonly open: (approval: KnownApproval, view: TrustView) => Opened;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/**
 * Writes down the signatures of listed people when they are first seen, whatever head they are of and whether or not its pull request is open: who deletes
 * an Approval that could not fit yet has taken it back all the same. What is older than its life fits nothing any more.
 */
export class FirstSight {
  readonly #parts: FirstSightParts;
  /** By which root and lists an Approval was looked at, by its uid. */
  readonly #looked = new Map<string, string>();

  constructor(parts: FirstSightParts) {
    this.#parts = parts;
  }

  /** What cannot be looked at or written down now is taken up at the next look. */
  async look(): Promise<void> {
    const recent = this.#recent();
    for (const uid of this.#looked.keys()) if (!recent.has(uid)) this.#looked.delete(uid);
    if (recent.size === 0) return;
    try {
      await this.#lookAt([...recent.values()]);
    } catch (error) {
      // The check says so too, of each head that it would let through.
      if (!(error instanceof AttestError || error instanceof Retry || isKubeError(error))) throw error;
    }
  }

  #recent(): Map<string, KnownApproval> {
    const since = this.#parts.now() - approvalLife.merge - SKEW_MS;
    const recent = this.#parts.approvals
      .list()
      .filter(({ metadata, spec }) => spec.scope === 'merge' && !(Date.parse(metadata.creationTimestamp!) < since));
    return new Map(recent.map((approval) => [approval.metadata.uid!, approval]));
  }

  async #lookAt(recent: readonly KnownApproval[]): Promise<void> {
    const { trust, signatures, open, now } = this.#parts;
    const view = await trust.read();
    const { humans, machines, rootVersion } = view;
    const by = JSON.stringify([rootVersion, humans, machines]);
    const unseen = recent.filter(({ metadata }) => this.#looked.get(metadata.uid!) !== by).slice(0, MOST);
    if (unseen.length === 0) return;
    const { revoked } = await signatures.standing();
    for (const approval of unseen) {
      const opened = open(approval, view);
      const signer = { scope: 'merge', humans, machines, revoked, sha256, now: now() } as const;
      const signature = 'refused' in opened ? null : judgeSigned(opened, signer).signature;
      if (signature) await signatures.hold(signature, heldIn(approval), null);
      this.#looked.set(approval.metadata.uid!, by);
      // Others are asked in time meanwhile.
      await setImmediate();
    }
  }
}
