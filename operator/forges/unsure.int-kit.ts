import { type Forge, ForgeError } from '#lib/forge';

/** What becomes of the first call of a write. */
export type Fate = 'answer lost' | 'never arrived' | 'came late' | 'reads lost';
/** How late a write comes that "came late": well within the minute in which it is looked for. */
const LATE_MS = 45_000;
/** How often looking for a write fails whose "reads" are "lost". */
const LOST_READS = 4;

/** A clock that moves only while somebody sleeps; `at` is run when its moment has come. */
export function fakeClock() {
  let due: { at: number; run: () => Promise<unknown> } | undefined;
  const clock = {
    time: Date.now(),
    now: () => clock.time,
    sleep: async (ms: number) => {
      clock.time += ms;
      if (due === undefined || clock.time < due.at) return;
      const { run } = due;
      due = undefined;
      await run();
    },
    in: (ms: number, run: () => Promise<unknown>) => {
      due = { at: clock.time + ms, run };
    },
  };
  return clock;
}

/** The forge with one write whose first call ends without an answer; `calls` counts what arrived of that write. */
export function unsure(
  forge: Forge,
  method: keyof Forge,
  fate: Fate,
  clock: ReturnType<typeof fakeClock>,
): { forge: Forge; calls(): number } {
  let asked = 0;
  let arrived = 0;
  let misses = fate === 'reads lost' ? LOST_READS : 0;
  const real = (forge[method] as (...args: unknown[]) => Promise<unknown>).bind(forge);
  const lossy = async (...args: unknown[]) => {
    asked += 1;
    if (asked === 1 && fate === 'never arrived') throw lost();
    arrived += 1;
    if (asked === 1 && fate === 'came late') {
      clock.in(LATE_MS, () => real(...args));
      throw lost();
    }
    const answer = await real(...args);
    if (asked === 1) throw lost();
    return answer;
  };
  const finds = Object.fromEntries(
    LOOKS.map((look) => [
      look,
      async (...args: unknown[]) => {
        if (asked > 0 && misses-- > 0) throw new ForgeError('Unavailable', 'Read again later.');
        return (forge[look] as (...args: unknown[]) => Promise<unknown>)(...args);
      },
    ]),
  );
  return { forge: override(forge, { ...finds, [method]: lossy }), calls: () => arrived };
}

/** What a write is looked for with. */
const LOOKS = [
  'findIssueByMarker',
  'findPullRequestByHead',
  'findCommentByMarker',
  'findReviewByMarker',
  'findThreadReplyByMarker',
  'pullRequest',
  'issue',
  'thread',
] as const;

export function override(forge: Forge, methods: Partial<Record<keyof Forge, unknown>>): Forge {
  return new Proxy(forge, {
    get: (of, key) => {
      const value = methods[key as keyof Forge] ?? of[key as keyof Forge];
      return typeof value === 'function' ? value.bind(of) : value;
    },
  });
}

export const lost = () => new ForgeError('Timeout', 'No answer came.', { outcome: 'unknown' });
