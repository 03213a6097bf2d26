import type { Approval, Issue, Reason } from '#crds';
import { ApprovalError, type ApprovalVerdict, type IssueState, judgeApproval } from '#domain';
import { AttestError, type Opened, openBundle } from '#lib/attest';
import type { KubeObject } from '#lib/kube';
import { type PresentReader, sha256 } from './present.ts';
import type { TrustReader, TrustView } from './trust.ts';

const KEPT = 1_024;

/** Verifies Approvals against an issue as it is now. A bundle is opened once for each trusted root. */
export class ApprovalCheck {
  readonly #trust: TrustReader;
  readonly #present: PresentReader;
  readonly #now: () => number;
  readonly #opened = new Map<string, Opened>();

  constructor({ trust, present, now }: { trust: TrustReader; present: PresentReader; now: () => number }) {
    this.#trust = trust;
    this.#present = present;
    this.#now = now;
  }

  /** What an Approval is worth now. Throws Retry or KubeError where that cannot be found out at this moment. */
  async of(
    approval: Approval & KubeObject,
    issue: (Issue & KubeObject) | undefined,
    state: IssueState,
  ): Promise<ApprovalVerdict> {
    const { issueRef, scope } = approval.spec;
    if (issue === undefined || issue.metadata.uid !== issueRef.uid) {
      return refused(
        'IssueMissing',
        `There is no Issue ${issueRef.name} with the uid ${issueRef.uid}; it was made for another.`,
      );
    }
    try {
      const view = await this.#trust.read();
      const opened = this.#open(approval, view);
      const { digest, authors } = await this.#present.of(issue, state, scope);
      const { humans, machines, fourEyes } = view;
      return judgeApproval(opened, { scope, digest, authors, humans, machines, fourEyes, now: this.#now(), sha256 });
    } catch (error) {
      if (error instanceof AttestError) return refused(reasonOf(error), error.message);
      if (error instanceof ApprovalError) return refused('DigestMismatch', error.message);
      throw error;
    }
  }

  #open({ metadata, spec }: Approval & KubeObject, { trust, version }: TrustView): Opened {
    const name = `${metadata.uid} ${version}`;
    const known = this.#opened.get(name);
    if (known !== undefined) return known;
    const opened = openBundle(spec.bundle, trust);
    this.#opened.set(name, opened);
    const [oldest] = this.#opened.keys();
    if (this.#opened.size > KEPT && oldest !== undefined) this.#opened.delete(oldest);
    return opened;
  }
}

function reasonOf({ code }: AttestError): Reason {
  return code === 'SigningFailed' ? 'SignatureInvalid' : code;
}

function refused(reason: Reason, message: string): ApprovalVerdict {
  return { verified: false, reason, message };
}
