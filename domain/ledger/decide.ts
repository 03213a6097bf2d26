import type { DomainEvent, EventData } from '../events/catalogue.ts';
import { clip } from '../events/parts.ts';
import type { Change, History } from './change.ts';
import type { HoldingGrant } from './grant.ts';
import { modelOf } from './model.ts';
import type { Ceiling } from './policy.ts';
import type { Move, Standing, TrustKey } from './standing.ts';
import { type AgentTrust, firstModel, pairOf } from './trust.ts';

/** What a person says, as it reaches the rules. Whoever asks them has checked that `by` is who said it. */
interface Act {
  /** Unique: an act is taken once. */
  readonly id: string;
  /** The user, as the cluster names them. */
  readonly by: string;
  readonly note: string | null;
}

/** What a person may say of an Agent. */
export type AgentAct = Act &
  (
    | { readonly do: 'ack'; readonly model: string }
    | { readonly do: 'grant'; readonly grant: HoldingGrant; readonly bundle: string }
  );

/** What a person may say of a change that an Issue got merged: of which one, by the beginning of its commit, or null for the one that it must be about. */
export type ChangeAct = Act & { readonly do: 'fault' | 'clear'; readonly mergeSHA: string | null };

export type ActDecision =
  | { readonly taken: true; readonly events: readonly DomainEvent[] }
  | { readonly taken: false; readonly message: string };

const taken = (...events: DomainEvent[]): ActDecision => ({ taken: true, events });
const refused = (message: string): ActDecision => ({ taken: false, message });

/** So long a grant may wait between its signature and the log, in ms: one that was forgotten in a drawer is signed anew. */
const FILED_WITHIN_MS = 24 * 3_600_000;

/** What an act about an Agent adds to its log at `now` (ms). The same act again adds nothing. */
export function decideAgentAct(trust: AgentTrust, act: AgentAct, now: number): ActDecision {
  if (trust.acts.includes(act.id)) return taken();
  const { id, by } = act;
  const note = act.note === null ? null : clip(act.note, 1_024);
  if (act.do === 'ack') {
    const model = modelOf(act.model);
    return taken({ type: 'TRUST_ACKNOWLEDGED', data: { model, by, act: id, note } });
  }
  const { bundle } = act;
  const { identity, digest, signedAt, document } = act.grant;
  if (now - signedAt > FILED_WITHIN_MS)
    return refused('It was signed more than a day ago; sign it again with rig trust grant.');
  if (trust.digests.includes(digest)) return refused('This very grant is in the log already; sign another one.');
  const { taskClass, tier } = document;
  const signed = { signer: identity, digest, signedAt: new Date(signedAt).toISOString(), bundle };
  const data = { taskClass, model: modelOf(document.model), tier, by, act: id, note, ...signed };
  return taken({ type: 'TRUST_GRANTED', data });
}

/** What an act about a change adds to its Issue's log. */
export function decideChangeAct(history: History, act: ChangeAct): ActDecision {
  if (history.acts.includes(act.id)) return taken();
  const change = meant(history, act.mergeSHA);
  if (typeof change === 'string') return refused(change);
  const note = act.note === null ? null : clip(act.note, 1_024);
  const data = { mergeSHA: change.mergeSHA!, by: act.by, act: act.id, note };
  if (act.do === 'fault') return taken({ type: 'TRUST_FAULTED', data });
  if (change.question === null && change.rollbacks.fault === undefined)
    return refused('No question is open about this change, and no person found fault with it.');
  return taken({ type: 'TRUST_CLEARED', data });
}

/** The change that a person speaks of: the one they name, else the one about which they are asked, else what was merged last. A sentence where none is. */
function meant({ changes }: History, mergeSHA: string | null): Change | string {
  const merged = changes.filter((change) => change.mergeSHA !== null);
  if (mergeSHA !== null) {
    const named = merged.filter((change) => change.mergeSHA!.startsWith(mergeSHA));
    if (named.length === 1) return named[0]!;
    return `${named.length === 0 ? 'No' : 'More than one'} merged change of this issue begins with ${mergeSHA}.`;
  }
  const asked = merged.filter(({ question }) => question !== null);
  if (asked.length > 1)
    return `A person is asked about ${asked.map((one) => one.mergeSHA!.slice(0, 8)).join(' and ')}; say which is meant with --change.`;
  return asked[0] ?? merged.at(-1) ?? 'Nothing of this issue was merged, so there is nothing to say of it.';
}

/** What was read of a merged change, told once. */
export function decideMeasured(history: History, measured: EventData<'CHANGE_MEASURED'>): DomainEvent[] {
  const change = history.changes.find(({ mergeSHA }) => mergeSHA === measured.mergeSHA);
  return change === undefined || change.measured !== null ? [] : [{ type: 'CHANGE_MEASURED', data: measured }];
}

/** A revert that git shows, told once for a change: what it takes back, it takes back once. */
export function decideReverted(history: History, found: EventData<'CHANGE_REVERTED'>): DomainEvent[] {
  const change = history.changes.find(({ mergeSHA }) => mergeSHA === found.mergeSHA);
  const known = change === undefined || change.rollbacks.revert !== undefined;
  return known ? [] : [{ type: 'CHANGE_REVERTED', data: found }];
}

/** What only looks like a revert, asked of a person unless they are asked already or know better. */
export function decideQuestioned(history: History, asked: EventData<'REVERT_QUESTIONED'>): DomainEvent[] {
  const change = history.changes.find(({ mergeSHA }) => mergeSHA === asked.mergeSHA);
  const settled = change === undefined || change.question !== null || Object.keys(change.rollbacks).length > 0;
  return settled || change.asked.includes(asked.by) ? [] : [{ type: 'REVERT_QUESTIONED', data: asked }];
}

/** What became of a pair since it was told last; nothing where it stands as it was told. `fallen`: why a grant of it does not hold, where one does not. */
export function decideMoved(
  trust: AgentTrust,
  key: TrustKey,
  standing: Standing,
  fallen: string | null = null,
): DomainEvent[] {
  const from = trust.told[pairOf(key)] ?? 'T0';
  const { ceiling: to, cooldownUntil } = standing;
  if (from === to) return [];
  const { taskClass, model } = key;
  const data = { taskClass, model, from, to, message: clip(sentenceOf(standing.moves.at(-1), from, to, fallen)) };
  if (to > from) return [{ type: 'TRUST_PROMOTED', data }];
  const until = cooldownUntil === null ? null : new Date(cooldownUntil).toISOString();
  return [{ type: 'TRUST_DEMOTED', data: { ...data, cooldownUntil: until } }];
}

function sentenceOf(last: Move | undefined, from: Ceiling, to: Ceiling, fallen: string | null): string {
  if (last === undefined || last.to !== to || (to < from && (last.cause === 'promoted' || last.cause === 'granted')))
    return `What had led to ${from} no longer counts.${fallen === null ? '' : ` A grant of it does not hold: ${fallen}`}`;
  switch (last.cause) {
    case 'promoted':
      return `It earned ${to}; the change ${last.by} was the last that it took.`;
    case 'granted':
      return `A person granted ${to}.`;
    case 'recovered':
      return 'The database was recovered from a backup: whatever was earned before is earned anew.';
    case 'rolledBack':
      return `The change ${last.by} had to be taken back.`;
  }
}

/** Models that answered for an Agent and are not its first, each told once. */
export function decideReset(trust: AgentTrust, answered: Readonly<Record<string, number>>): DomainEvent[] {
  const first = firstModel(answered);
  if (first === null) return [];
  return Object.keys(answered)
    .filter((model) => model !== first && !trust.reset.includes(model))
    .sort()
    .map((model) => ({ type: 'TRUST_RESET', data: { model, first } }));
}
