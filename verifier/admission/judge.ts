import type { Issue, TierPolicy } from '#crds';
import {
  type AskedWrite,
  consentNeeded,
  decideConsent,
  type ListedManifests,
  leavesPerson,
  type ShownIssue,
} from '#domain';
import type { Informer, KubeObject } from '#lib/kube';
import type { Logger } from '#lib/observe';
import { type Consents, type Standing, sha256 } from './consents.ts';
import type { Answer, Asked } from './review.ts';

export interface AdmissionSources {
  readonly consents: Pick<Consents, 'ready' | 'of' | 'against'>;
  readonly policies: Pick<Informer<TierPolicy & KubeObject>, 'hasSynced' | 'list'>;
  /** Whether the verifier itself finds that an Issue may go on: it is below T3, or a person approved what it has come to. */
  readonly mayGoOn: (issue: Issue & KubeObject) => Promise<boolean>;
  /** The write of a whole object, where that of a part is asked about. Throws where it cannot be told. */
  readonly wholeOf: (asked: Asked) => Promise<AskedWrite>;
  readonly logger: Logger;
}

/** An API server waits three seconds; what is not known by then is said in time. */
const WITHIN_MS = 2_500;

/** Judges writes that an API server asks about. Whatever cannot be told is not allowed. */
export class Admission {
  readonly #sources: AdmissionSources;
  readonly #withinMs: number;

  constructor(sources: AdmissionSources, { withinMs = WITHIN_MS }: { readonly withinMs?: number } = {}) {
    this.#sources = sources;
    this.#withinMs = withinMs;
  }

  /** Whether a write in a governed place may be done. Never rejects. */
  consent(asked: Asked): Promise<Answer> {
    return this.#inTime(async () => this.#judgeConsent(await this.#sources.wholeOf(asked)));
  }

  /** Whether a status of an Issue may be written. Never rejects. */
  issueStatus({ object, oldObject }: AskedWrite): Promise<Answer> {
    return this.#inTime(() => this.#judgeStatus(issueOf(oldObject), issueOf(object)));
  }

  async #judgeConsent(asked: AskedWrite): Promise<Answer> {
    const { consents, policies } = this.#sources;
    if (!policies.hasSynced() || !consents.ready()) {
      return { state: 'unknown', message: 'The verifier has not seen every TierPolicy and Approval yet; try again.' };
    }
    const wanted = consentNeeded(asked, policies.list().map(listedBy), sha256);
    if (wanted.state === 'passes') return { state: 'allowed', because: wanted.why };
    if (wanted.state === 'refused') return wanted;
    const { need } = wanted;
    const found = await consents.of(need.digest, { machines: need.machine });
    const newest = Math.max(...found.found.map(({ signedAt }) => signedAt));
    const against = found.found.length === 0 ? NOTHING : await consents.against(need.against, newest);
    // What stands against it and cannot be looked at is not known to be older.
    if (found.found.length > 0 && against.unknown.length > 0) return cannotTell(need.because, against.unknown);
    const decision = decideConsent(need, { found: found.found, against: against.found });
    if (decision.allowed)
      return { state: 'allowed', because: `Approval ${decision.by}`, attestors: decision.attestors };
    if (found.unknown.length > 0) return cannotTell(need.because, found.unknown);
    return { state: 'refused', message: [decision.message, ...found.uncounted.slice(0, 1)].join(' ') };
  }

  async #judgeStatus(was: Issue & KubeObject, is: Issue & KubeObject): Promise<Answer> {
    if (!leavesPerson(shown(was), shown(is)))
      return { state: 'allowed', because: 'the Issue does not leave a person at T3' };
    if (await this.#sources.mayGoOn(is))
      return { state: 'allowed', because: 'it is below T3, or a person approved it' };
    const { namespace, name } = is.metadata;
    const message = `Issue ${namespace}/${name} waits for a person at T3, and the verifier finds neither an Approval nor a lower tier: run rig approve ${name} --scope merge, or close it.`;
    return { state: 'refused', message };
  }

  async #inTime(judge: () => Promise<Answer>): Promise<Answer> {
    const late = Promise.withResolvers<Answer>();
    const message = 'The verifier could not tell in time whether a person consented; try again.';
    const timer = setTimeout(() => late.resolve({ state: 'unknown', message }), this.#withinMs);
    try {
      return await Promise.race([judge(), late.promise]);
    } catch (err) {
      this.#sources.logger.warn({ err }, 'a write could not be judged');
      const why = err instanceof Error ? err.message : 'it failed';
      return { state: 'unknown', message: `The verifier cannot tell whether a person consented: ${why}` };
    } finally {
      clearTimeout(timer);
    }
  }
}

const NOTHING: Standing = { found: [], unknown: [] };

function cannotTell(because: string, unknown: readonly string[]): Answer {
  return { state: 'unknown', message: `${because} Whether one consented cannot be told now: ${unknown[0]}` };
}

function listedBy({ metadata, spec }: TierPolicy): ListedManifests {
  return { policy: metadata.name ?? '', manifests: spec.manifests };
}

function shown({ status }: Issue): ShownIssue {
  return { phase: status?.phase ?? null, effectiveTier: status?.effectiveTier ?? null };
}

/** The API server asks about Issues alone here, which their definition has checked. */
function issueOf(object: AskedWrite['object']): Issue & KubeObject {
  return object as unknown as Issue & KubeObject;
}
