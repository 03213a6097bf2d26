import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { TestContext } from 'node:test';
import { stringify } from 'yaml';
import { apiVersion } from '#crds';
import { processesWith, Rig } from './rig.ts';
import { Hands } from './rig-hands.ts';
import { createGitRepository, OWNER } from './rig-repository.ts';

/** What a rig of a test's own is started with. */
export interface OwnWork {
  /** Of the repository's one commit, by path; a README.md among them, for its tests ask for one. */
  readonly files: Readonly<Record<string, string>>;
  /** What the model answers, as `--replay` reads it. */
  readonly steps: readonly object[];
  /** Spec of the TierPolicy by which everything is graded. */
  readonly policy: object;
}

export interface OwnRig {
  readonly rig: Rig;
  readonly hands: Hands;
  /** The repository at the forge's API. */
  readonly path: string;
  /** Runs a command of the rig's person, which signs without asking, and holds it to an exit code of 0. */
  readonly person: (...args: string[]) => Promise<void>;
}

/** A rig on a repository, a replay and a TierPolicy of the test's own. Ended with the test, which fails where a process is left behind. */
export async function ownRig(t: TestContext, { files, steps, policy }: OwnWork): Promise<OwnRig> {
  const folder = mkdtempSync(join(tmpdir(), 'own-e2e-'));
  const source = createGitRepository(files);
  const file = (name: string, content: object) => {
    writeFileSync(join(folder, name), stringify(content));
    return join(folder, name);
  };
  const graded = { apiVersion, kind: 'TierPolicy', metadata: { name: 'default' }, spec: policy };
  const work = ['--repo', source, '--test-command', 'test -f README.md', '--replay', file('replay.yaml', { steps })];
  const rig = await new Rig({ args: [...work, '--tier-policy', file('tiers.yaml', graded)] }).up();
  const hands = new Hands(rig.layout);
  t.after(async () => {
    await hands[Symbol.asyncDispose]();
    await rig[Symbol.asyncDispose]();
    for (const path of [folder, source]) rmSync(path, { recursive: true, force: true });
    assert.deepEqual(processesWith(rig.layout.root), [], 'the rig left a process behind');
  });
  const person = async (...args: string[]) => {
    const { code, stderr } = await hands.rig(...args, '--sign-in', 'local', '--yes');
    assert.equal(code, 0, stderr);
  };
  return { rig, hands, path: `/repos/${OWNER}/${basename(source)}`, person };
}
