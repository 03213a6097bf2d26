import { defaultLedgerPolicy, Ledger, type LedgerPolicy, type LedgerSubject } from '#domain';
import { compareCursors } from '#lib/events';
import { type GrantView, noGrants, weigh } from '../../ledger/grants.ts';
import { type Difference, diffFields, type Row } from './difference.ts';
import type { LiveLedger, PlacedEvent } from './history.ts';

/** Columns of `ledger` that are compared; the others are its key, its moment, and words about the same. */
const COMPARED = ['ceiling', 'streak', 'cooldown_until', 'moves'] as const;

/** The trust ledger built anew from the events that the live one has read, and what is otherwise in that. */
export class LedgerReplay {
  readonly #live: LiveLedger;
  readonly #subjects: ReadonlyMap<string, LedgerSubject>;
  readonly #ledger = new Ledger((agent, told) => {
    const grant = weigh(this.#grants, agent, told);
    return typeof grant === 'string' ? null : grant;
  });
  #grants = noGrants;
  /** Something was granted to somebody: it takes signatures to say what it is worth. */
  granted = false;

  constructor(live: LiveLedger, subjects: ReadonlyMap<string, LedgerSubject>) {
    this.#live = live;
    this.#subjects = subjects;
    for (const { stream, namespace, issue, history } of live.kept)
      this.#ledger.restore({ id: stream, kind: 'Issue', namespace, name: issue, uid: null }, history);
  }

  take(stream: string, events: readonly PlacedEvent[]): void {
    const subject = this.#subjects.get(stream);
    const { cursor } = this.#live;
    if (subject === undefined || cursor === null) return;
    for (const event of events) {
      if (compareCursors(event, cursor) > 0) continue;
      this.#ledger.apply(subject, event);
      this.granted ||= event.type === 'TRUST_GRANTED';
    }
  }

  /**
   * Each line is held against the rules as of the moment at which it was computed, and against what grants are worth now. One that is due is about to
   * be computed anew.
   */
  differences(policy: LedgerPolicy = defaultLedgerPolicy, grants: GrantView = noGrants): Difference[] {
    this.#grants = grants;
    return this.#live.lines.flatMap((row): Difference[] => {
      const at = (row.computed_at as Date).getTime();
      if (row.due_at instanceof Date && row.due_at.getTime() <= Date.now()) return [];
      const what = `${row.agent_uid}/${row.task_class}/${row.model}`;
      const line = this.#ledger.line(
        { agentUid: String(row.agent_uid), taskClass: String(row.task_class), model: String(row.model) },
        policy,
        at,
      );
      const { ceiling, streak, cooldownUntil, moves } = line;
      const replayed: Row = {
        ceiling,
        streak,
        cooldown_until: cooldownUntil === null ? null : new Date(cooldownUntil),
        moves,
      };
      return diffFields('ledger', what, COMPARED, row, replayed);
    });
  }
}
