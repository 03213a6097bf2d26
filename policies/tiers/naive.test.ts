import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import picomatch from 'picomatch';
import { parse } from 'yaml';
import type { TierPolicy } from '#crds';
import { type ChangedFile, compilePolicy, contentNeeded, gradeChange, type Work } from '#domain';
import { engines } from '../../test/kit/tier-engines.ts';

/** Every expression asked of the whole evaluator, every glob by itself and by a matcher of others: no short way is taken. */
const naive: typeof engines = {
  ...engines,
  compileCel: (source, vocabulary) => engines.compileCel(`[true].exists_one(x, ${source})`, vocabulary),
  indexGlobs: (lists) => {
    const each = lists.map((patterns) => patterns.map((pattern) => picomatch(pattern, { dot: true })));
    return (path) => each.flatMap((globs, at) => (globs.some((matches) => matches(path)) ? [at] : []));
  },
};

const folder = fc.constantFrom(
  '',
  'src/',
  'src/auth/',
  'docs/',
  'test/',
  'migrations/',
  '.github/workflows/',
  'apps/a/',
);
const name = fc.constantFrom(
  ...'a.ts a.py a.cs a.swift a.md a.yaml values.yaml a.json package.json package-lock.json Dockerfile login.ts a.sql a.test.ts README Program.cs settings.py Info.plist a.pbxproj main.tf a.xyz'.split(
    ' ',
  ),
);
const path = fc.tuple(folder, name).map((parts) => parts.join(''));
const text = fc
  .array(
    fc.constantFrom(
      ...'const a = 1;|if (!authorized) return;|DROP TABLE a;|kind: Secret|kind: Deployment|apiVersion: v1|image: a:1.0.0|image: a:1.0.1|  replicas: 2|{"a": 1}|# why|privileged: true|user.password = x|==1.0'.split(
        '|',
      ),
    ),
    { maxLength: 6 },
  )
  .map((lines) => lines.join('\n'));
const file: fc.Arbitrary<ChangedFile> = fc
  .record({
    path,
    previousPath: fc.option(path, { freq: 5 }),
    status: fc.constantFrom('added', 'modified', 'deleted'),
    texts: fc.tuple(text, text),
    binary: fc.boolean(),
    unreadable: fc.integer({ max: 9, min: 0 }),
  })
  .map(({ path, previousPath, status, texts: [before, after], binary, unreadable }) => {
    const [oldMode, newMode] = [status === 'added' ? null : '100644', status === 'deleted' ? null : '100644'];
    const moved = status === 'modified' && previousPath !== null;
    const content = { before: oldMode === null ? null : before, after: newMode === null ? null : after };
    return {
      path,
      previousPath: moved ? previousPath : null,
      status: moved ? 'renamed' : (status as ChangedFile['status']),
      oldMode,
      newMode,
      added: binary ? null : 2,
      deleted: binary ? null : 1,
      content: unreadable === 0 ? 'unreadable' : content,
    };
  });
const work: fc.Arbitrary<Work> = fc.record({
  labels: fc.subarray(['bug', 'security', 'trivial', 'docs']),
  title: fc.constantFrom('', 'It fails', 'Fix login', 'Drop column'),
  taskClass: fc.constantFrom(null, 'bugfix', 'docs'),
  source: fc.constant('webhook'),
});

for (const policy of readdirSync(import.meta.dirname).filter((entry) => entry.endsWith('.yaml')))
  test(`${policy}: what is graded the short way is graded as without it, over random changes`, () => {
    const { spec } = parse(readFileSync(join(import.meta.dirname, policy), 'utf8')) as TierPolicy;
    const [quick, slow] = [engines, naive].map((using) => compilePolicy(policy, spec.rules, using));
    assert.ok(quick?.ok && slow?.ok, JSON.stringify(slow));
    const [ours, theirs] = [quick.value, slow.value];
    fc.assert(
      fc.property(fc.array(file, { maxLength: 4 }), work, (files, asked) => {
        const change = { complete: true, files };
        assert.deepEqual(contentNeeded(ours, [], change, asked), contentNeeded(theirs, [], change, asked));
        assert.deepEqual(gradeChange(ours, [], change, asked), gradeChange(theirs, [], change, asked));
      }),
      { numRuns: 150 },
    );
  });
