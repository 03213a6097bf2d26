/** What one turn showed. */
export interface TurnSeen {
  /** A name of each call (tool and input) with a name of its result. */
  readonly calls: readonly { readonly call: string; readonly result: string }[];
  /** A name of the worktree's content after the turn. */
  readonly content: string;
  /** A name of the tests that failed in the turn. */
  readonly failure?: string | undefined;
}

interface StuckLimits {
  /** Times the same call may give the same result over the same content. */
  readonly repeats: number;
  /** Times the worktree may come to the same content. */
  readonly visits: number;
  /** Turns in a row without a content or a result that was not seen before. */
  readonly idle: number;
  /** Contents over which the same tests may fail. */
  readonly failures: number;
}

const LIMITS: StuckLimits = { repeats: 3, visits: 3, idle: 6, failures: 4 };

/** Plain data; {@link observe} returns a new one. */
export interface StuckState {
  readonly nudged: boolean;
  readonly content: string | undefined;
  readonly seen: readonly string[];
  readonly repeats: Readonly<Record<string, number>>;
  readonly visits: Readonly<Record<string, number>>;
  readonly idle: number;
  readonly failing: Readonly<Record<string, readonly string[]>>;
}

export const FRESH: StuckState = {
  nudged: false,
  content: undefined,
  seen: [],
  repeats: {},
  visits: {},
  idle: 0,
  failing: {},
};

/** `nudge`: tell the model, with the evidence. `stuck`: stop. */
export interface Finding {
  readonly action: 'nudge' | 'stuck';
  readonly evidence: string;
}

/**
 * Judges whether a task still gets anywhere. The first finding is a nudge and lets every count begin anew; the next one after it is
 * `stuck`.
 */
export function observe(
  state: StuckState,
  turn: TurnSeen,
): { readonly state: StuckState; readonly finding: Finding | undefined } {
  const next = counted(state, turn);
  const evidence = evidenceOf(next);
  if (evidence === undefined) return { state: next, finding: undefined };
  const finding = { action: state.nudged ? 'stuck' : 'nudge', evidence } as const;
  return { state: { ...FRESH, nudged: true, content: next.content, seen: next.seen }, finding };
}

function counted(state: StuckState, turn: TurnSeen): StuckState {
  const { content, failure } = turn;
  const keys = turn.calls.map(({ call, result }) => `${call}\n${result}`);
  const known = new Set(state.seen);
  const news = [`content ${content}`, ...keys].filter((key) => !known.has(key));
  const moved = content !== state.content;
  const failing = failure === undefined ? [] : (state.failing[failure] ?? []);
  return {
    ...state,
    content,
    seen: [...state.seen, ...news],
    repeats: plusOne(
      state.repeats,
      [...new Set(keys)].map((key) => `${content}\n${key}`),
    ),
    visits: moved ? plusOne(state.visits, [content]) : state.visits,
    idle: news.length > 0 ? 0 : state.idle + 1,
    failing:
      failure === undefined || failing.includes(content)
        ? state.failing
        : { ...state.failing, [failure]: [...failing, content] },
  };
}

function plusOne(counts: Readonly<Record<string, number>>, keys: readonly string[]): Record<string, number> {
  return { ...counts, ...Object.fromEntries(keys.map((key) => [key, (counts[key] ?? 0) + 1])) };
}

function evidenceOf(state: StuckState): string | undefined {
  const repeated = Object.entries(state.repeats).find(([, count]) => count >= LIMITS.repeats);
  if (repeated)
    return `The call ${(repeated[0].split('\n')[1] ?? '').slice(0, 300)} gave the same result ${repeated[1]} times while no file changed.`;
  if (Object.values(state.visits).some((count) => count >= LIMITS.visits))
    return `The files have come back to the same content ${LIMITS.visits} times: edits are made and undone.`;
  if (state.idle >= LIMITS.idle) return `${state.idle} turns in a row changed no file and showed nothing new.`;
  const failing = Object.values(state.failing).find((contents) => contents.length >= LIMITS.failures);
  return failing ? `The same tests fail in the same way after ${failing.length} different changes.` : undefined;
}
