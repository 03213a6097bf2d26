import type { StoredEvent } from '../events/catalogue.ts';
import type { ToldGrant } from './grant.ts';
import { modelOf } from './model.ts';
import type { Ceiling } from './policy.ts';
import type { Grant, Grounds, TrustKey } from './standing.ts';

/** What an Agent's own log says: what people said of it, and what it was told to stand at last. */
export interface AgentTrust {
  readonly version: number;
  /** As they were told, in that order. */
  readonly grants: readonly ToldGrant[];
  /** Of the documents that were granted. */
  readonly digests: readonly string[];
  /** When a model was first acknowledged, in ms, by model. */
  readonly acknowledged: Readonly<Record<string, number>>;
  /** Acts of people that are in the log, by id. */
  readonly acts: readonly string[];
  /** The ceiling that was told last, by `class/model`. */
  readonly told: Readonly<Record<string, Ceiling>>;
  /** Models that were told to be new. */
  readonly reset: readonly string[];
}

export const noTrust: AgentTrust = {
  version: 0,
  grants: [],
  digests: [],
  acknowledged: {},
  acts: [],
  told: {},
  reset: [],
};

/** What is known of an Agent after one more event of its log. Total; an event that is there already changes nothing. */
export function evolveTrust(trust: AgentTrust, event: StoredEvent): AgentTrust {
  if (event.version <= trust.version) return trust;
  return { ...trust, ...change(trust, event), version: event.version };
}

function change(trust: AgentTrust, event: StoredEvent): Partial<AgentTrust> {
  switch (event.type) {
    case 'TRUST_GRANTED': {
      const { act, taskClass, model, tier, digest, bundle = null } = event.data;
      if (trust.acts.includes(act)) return {};
      const grant = { id: act, taskClass, model: modelOf(model), tier, bundle };
      const digests = digest === undefined ? trust.digests : [...trust.digests, digest];
      return { grants: [...trust.grants, grant], digests, acts: [...trust.acts, act] };
    }
    case 'TRUST_ACKNOWLEDGED': {
      const { act } = event.data;
      const model = modelOf(event.data.model);
      if (trust.acts.includes(act)) return {};
      const since = Math.min(event.at, trust.acknowledged[model] ?? event.at);
      return { acknowledged: { ...trust.acknowledged, [model]: since }, acts: [...trust.acts, act] };
    }
    case 'TRUST_PROMOTED':
    case 'TRUST_DEMOTED':
      return { told: { ...trust.told, [pairOf(event.data)]: event.data.to } };
    case 'TRUST_RESET':
      return { reset: [...trust.reset, event.data.model] };
    default:
      return {};
  }
}

/** The words by which a pair is known within an Agent. No class has a slash in it. */
export function pairOf({ taskClass, model }: Pick<TrustKey, 'taskClass' | 'model'>): string {
  return `${taskClass}/${model}`;
}

/** The model that answered for an Agent before all others, of when each did first; null where none has. The name breaks a tie. */
export function firstModel(answered: Readonly<Record<string, number>>): string | null {
  const order = Object.entries(answered).sort(([a, x], [b, y]) => x - y || (a < b ? -1 : 1));
  return order[0]?.[0] ?? null;
}

/**
 * What a pair's ceiling hangs on besides changes. `grants` are those that hold. The first model of an Agent is the one that it was made with and needs
 * no acknowledgement; a grant acknowledges its model for its class.
 */
export function groundsFor(
  key: Pick<TrustKey, 'taskClass' | 'model'>,
  { grants, acknowledged }: { readonly grants: readonly Grant[] } & Pick<AgentTrust, 'acknowledged'>,
  answered: Readonly<Record<string, number>>,
  recoveries: readonly number[],
): Grounds {
  const { taskClass, model } = key;
  const own = grants.filter((grant) => grant.taskClass === taskClass && grant.model === model);
  const since = [acknowledged[model], ...own.map(({ at }) => at)].filter((at) => at !== undefined);
  if (firstModel(answered) === model) since.push(0);
  return { grants: own, knownSince: since.length === 0 ? null : Math.min(...since), recoveries };
}
