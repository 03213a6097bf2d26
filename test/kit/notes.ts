import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { createGitRepository } from './rig-repository.ts';

/** Words in an issue's text that say how the replay treats it. */
export const HELD = 'HELD';
export const UNANSWERED = 'UNANSWERED';

/** A small repository and a replay that works any number of issues in it: each adds a note named after its branch. */
export interface Notes extends Disposable {
  readonly repository: string;
  readonly replay: string;
  /** Lets the agents go on that hold at an issue with {@link HELD} in its text. */
  release(): void;
}

const WRITE =
  'mkdir -p notes && git symbolic-ref --short HEAD > "notes/$(git symbolic-ref --short HEAD | tr / -).txt" && echo noted';

/** `first` is a shell command that the agent runs before it writes its note. */
export function makeNotes({ first = 'true' }: { first?: string } = {}): Notes {
  const repository = createGitRepository({ 'README.md': '# Notes\n' });
  const folder = mkdtempSync(join(tmpdir(), 'notes-replay-'));
  const gate = join(folder, 'go');
  const replay = join(folder, 'replay.yaml');
  writeFileSync(replay, stringify({ steps: steps(gate, first) }));
  return {
    repository,
    replay,
    release: () => writeFileSync(gate, ''),
    [Symbol.dispose]: () => {
      for (const path of [repository, folder]) rmSync(path, { recursive: true, force: true });
    },
  };
}

function steps(gate: string, first: string): object[] {
  const shell = (command: string) => ({ toolUse: [{ name: 'shell', input: { command } }] });
  const done = {
    title: 'Add a note',
    what: 'A note was added.',
    why: 'The issue asks for it.',
    risk: 'None: nothing reads the notes.',
  };
  return [
    {
      name: 'implement, hold',
      when: { kind: 'implement', toolCallsSoFar: 0, contains: [HELD] },
      holdUntil: gate,
      answer: shell(`${first}; ${WRITE}`),
    },
    {
      name: 'implement, write',
      when: { kind: 'implement', notContains: [UNANSWERED, '\nnoted'] },
      answer: shell(`${first}; ${WRITE}`),
    },
    {
      name: 'implement, done',
      when: { kind: 'implement', lastToolResultContains: ['noted'] },
      answer: { toolUse: [{ name: 'done', input: done }] },
    },
    {
      name: 'rework, done',
      when: { kind: 'rework' },
      answer: { toolUse: [{ name: 'done', input: done }] },
    },
    {
      name: 'review, approve',
      when: { kind: 'review' },
      answer: { toolUse: [{ name: 'verdict', input: { verdict: 'approve', body: 'A note, as asked.' } }] },
    },
  ];
}
