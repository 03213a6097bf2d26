import {
  type Grant,
  type GrantQuestion,
  type GrantVerdict,
  judgeGrant,
  modelOf,
  type OpenedBundle,
  type ToldGrant,
} from '#domain';
import { AttestError, openBundle } from '#lib/attest';
import { type KubeClient, NAMESPACES } from '#lib/kube';
import { sha256 } from '../approvals/hash.ts';
import type { TrustReader, TrustView } from '../approvals/trust.ts';

type Agent = GrantQuestion['agent'];

/** Who may grant now, and under which root. */
export interface GrantView {
  /** Another one whenever a grant may be worth something else than it was. */
  readonly version: string;
  /** What a signed grant is worth for an Agent. */
  judge(agent: Agent, bundle: string): GrantVerdict;
}

/** Verifies no signature, so no grant holds. */
export const noGrants: GrantView = {
  version: '',
  judge: () => ({ holds: false, message: 'Nothing here verifies signatures.' }),
};

/** What a grant in the log is worth: what was signed, and nothing of what the log says beside it. A sentence where it is worth nothing. */
export function weigh({ judge }: GrantView, agent: Agent, told: ToldGrant): Grant | string {
  if (told.bundle === null) return 'Nobody signed it.';
  const verdict = judge(agent, told.bundle);
  if (!verdict.holds) return verdict.message;
  const { taskClass, model, tier } = verdict.document;
  if (taskClass !== told.taskClass || modelOf(model) !== told.model || tier !== told.tier)
    return 'The log says something else than was signed.';
  return { id: told.id, taskClass, model: told.model, tier, at: verdict.signedAt };
}

const KEPT = 1_024;

/** Verifies grants against the lists of people and the trusted root of the cluster. A bundle is opened once for each of their versions. */
export class GrantCheck {
  readonly #trust: Pick<TrustReader, 'read'>;
  readonly #client: Pick<KubeClient, 'get'>;
  readonly #now: () => number;
  readonly #opened = new Map<string, OpenedBundle | string>();
  #clusterUID: string | undefined;

  constructor({
    trust,
    client,
    now,
  }: {
    trust: Pick<TrustReader, 'read'>;
    client: Pick<KubeClient, 'get'>;
    now: () => number;
  }) {
    this.#trust = trust;
    this.#client = client;
    this.#now = now;
  }

  /** As of at most ten seconds ago. Under lists that cannot be read no grant holds. Throws KubeError where the API server does not answer. */
  async view(): Promise<GrantView> {
    this.#clusterUID ??= (await this.#client.get(NAMESPACES, { name: 'kube-system' })).metadata.uid!;
    const clusterUID = this.#clusterUID;
    try {
      const view = await this.#trust.read();
      return { version: view.version, judge: (agent, bundle) => this.#judge(view, clusterUID, agent, bundle) };
    } catch (error) {
      if (!(error instanceof AttestError)) throw error;
      const { message } = error;
      return { version: `unreadable: ${message}`, judge: () => ({ holds: false, message }) };
    }
  }

  #judge(view: TrustView, clusterUID: string, agent: Agent, bundle: string): GrantVerdict {
    const opened = this.#open(view, bundle);
    if (typeof opened === 'string') return { holds: false, message: opened };
    const { humans, machines } = view;
    return judgeGrant(opened, { clusterUID, agent, humans, machines, now: this.#now(), sha256 });
  }

  #open({ trust, version }: TrustView, bundle: string): OpenedBundle | string {
    const name = `${version} ${sha256(bundle)}`;
    const known = this.#opened.get(name);
    if (known !== undefined) return known;
    const opened = open(bundle, trust);
    this.#opened.set(name, opened);
    const [oldest] = this.#opened.keys();
    if (this.#opened.size > KEPT && oldest !== undefined) this.#opened.delete(oldest);
    return opened;
  }
}

function open(bundle: string, trust: TrustView['trust']): OpenedBundle | string {
  try {
    return openBundle(bundle, trust);
  } catch (error) {
    if (error instanceof AttestError) return error.message;
    throw error;
  }
}
