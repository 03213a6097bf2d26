import type { Approval, Issue, Reason } from '#crds';
import {
  ApprovalError,
  type ApprovalScope,
  type ApprovalVerdict,
  type IssueState,
  isTakenBack,
  judgeApproval,
  judgeSigned,
} from '#domain';
import { AttestError, openedOrRefused } from '#lib/attest';
import type { KubeObject } from '#lib/kube';
import { sha256 } from './hash.ts';
import { OpenedBundles } from './opened.ts';
import type { Present, PresentReader } from './present.ts';
import type { TrustReader, TrustView } from './trust.ts';

/** How an Approval is looked at. */
export interface Looking {
  /** The lists and the root as the API server has them this moment, not up to ten seconds old. For whoever is about to act. Default false. */
  readonly fresh?: boolean;
  /** The issue as it is now; for whoever looks at several Approvals of one issue. Default it is read. */
  readonly present?: (scope: ApprovalScope) => Promise<Present>;
}

/** Verifies Approvals against an issue as it is now. A bundle is opened once for each trusted root. */
export class ApprovalCheck {
  readonly #trust: Pick<TrustReader, 'read'>;
  readonly #present: Pick<PresentReader, 'of'>;
  readonly #now: () => number;
  readonly #opened = new OpenedBundles();

  constructor(options: { trust: Pick<TrustReader, 'read'>; present: Pick<PresentReader, 'of'>; now: () => number }) {
    this.#trust = options.trust;
    this.#present = options.present;
    this.#now = options.now;
  }

  /**
   * What an Approval is worth now. Who signed what and when is judged first, and the issue read only for a signature that counts: what cannot be
   * read now holds up nobody's refusal. Throws Retry or KubeError where that cannot be found out at this moment.
   */
  async of(
    approval: Approval & KubeObject,
    issue: (Issue & KubeObject) | undefined,
    state: IssueState,
    { fresh = false, present }: Looking = {},
  ): Promise<ApprovalVerdict> {
    const { issueRef, scope } = approval.spec;
    if (issue === undefined || issue.metadata.uid !== issueRef.uid) {
      return refused(
        'IssueMissing',
        `There is no Issue ${issueRef.name} with the uid ${issueRef.uid}; it was made for another.`,
      );
    }
    const view = await this.#trust.read({ fresh }).catch(untrusted);
    if ('verified' in view) return view;
    const opened = this.#open(approval, view);
    if ('refused' in opened) return refused(opened.refused, opened.message);
    const { humans, machines, fourEyes } = view;
    const revoked = (signature: string) => isTakenBack(state.approvals, signature);
    const signers = { scope, humans, machines, revoked, since: state.approvedSince, now: this.#now(), sha256 };
    const signed = judgeSigned(opened, signers);
    if (!signed.verified) return signed;
    try {
      const { digest, authors } = await (present?.(scope) ?? this.#present.of(issue, state, scope));
      return judgeApproval(opened, { ...signers, digest, authors, fourEyes });
    } catch (error) {
      if (!(error instanceof ApprovalError)) throw error;
      return { ...refused('DigestMismatch', error.message), signature: signed.signature };
    }
  }

  #open({ metadata, spec }: Approval & KubeObject, { trust, version }: TrustView) {
    return this.#opened.of(`${metadata.uid} ${version}`, () => openedOrRefused(spec.bundle, trust));
  }
}

function untrusted(error: unknown): ApprovalVerdict {
  if (error instanceof AttestError) return refused('TrustUnreadable', error.message);
  throw error;
}

function refused(reason: Reason, message: string): ApprovalVerdict {
  return { verified: false, reason, message };
}
