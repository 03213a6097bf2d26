import { clip } from '../events/parts.ts';
import type { IssueState } from '../issue/state.ts';
import { openGate } from './acknowledge.ts';

/** What a person is to be told, wherever they read it. Its texts are others' words: whoever shows them makes them harmless there. */
export interface Notice {
  /** Names the event that is told of: the same however often it is sent, so that a receiver can drop a double. */
  readonly id: string;
  /** Id of the first notice of the same gate. */
  readonly cause: string;
  readonly type: NoticeType;
  /** 0 for the first notice of a gate, then the number of the reminder. */
  readonly reminder: number;
  readonly namespace: string;
  readonly issue: string;
  /** Its number and page at the forge, where they are known. */
  readonly number: number | null;
  readonly url: string | null;
  readonly pullRequest: string | null;
  readonly title: string;
  /** Of the registry of reasons. */
  readonly reason: string;
  readonly message: string;
  /** ms since the epoch. */
  readonly since: number;
}

export type NoticeType = 'human_gate.triggered' | 'human_gate.reminded' | 'agent.stuck';

/** Whose notice it is. */
export interface Noticed {
  /** Id of the stream. */
  readonly id: string;
  readonly namespace: string;
  readonly name: string;
}

const TITLE_MAX = 256;
const MESSAGE_MAX = 2_000;

/**
 * The one notice that an issue calls for now: of its gate, or of the newest reminder, which takes the place of those before it. Null where nobody is waited
 * for, or somebody sees to it already.
 */
export function noticeOf({ id, namespace, name }: Noticed, state: IssueState, url: string | null): Notice | null {
  const gate = openGate(state);
  if (gate === null || gate.acknowledged !== null) return null;
  const { reminded, reason, message, since } = gate;
  const cause = idOf(id, gate.gate, since);
  return {
    id: reminded === null ? cause : idOf(id, reminded.version, reminded.at),
    cause,
    type: reminded !== null ? 'human_gate.reminded' : reason === 'TaskStuck' ? 'agent.stuck' : 'human_gate.triggered',
    reminder: reminded?.times ?? 0,
    namespace,
    issue: name,
    number: state.spec?.number ?? null,
    url,
    pullRequest: state.pullRequest?.url ?? null,
    title: clip(state.spec?.title ?? name, TITLE_MAX),
    reason,
    message: clip(message, MESSAGE_MAX),
    since,
  };
}

/** `<stream>@<version>-<time>`. A database that was restored gives the versions of the lost time once more, and a receiver knows their ids. */
function idOf(stream: string, version: number, at: number): string {
  return `${stream}@${version}-${at}`;
}

/** The stream that a notice's id names. */
export function streamOf(id: string): string {
  return id.split('@')[0] ?? '';
}

const FIRST_PAUSE_MS = 2_000;
const LONGEST_PAUSE_MS = 5 * 60_000;

/** How long a receiver is left alone after it failed so often in a row, in ms: it doubles, up to five minutes. */
export function pauseOf(failures: number): number {
  return failures === 0 ? 0 : Math.min(FIRST_PAUSE_MS * 2 ** Math.min(failures - 1, 20), LONGEST_PAUSE_MS);
}
