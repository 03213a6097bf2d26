import assert from 'node:assert/strict';
import { test } from 'node:test';
import { commitFault, parseCommits } from './acceptance.ts';

const marks = { author: { name: 'Dev-E', email: 'dev-e@agents.rig' }, task: 'team-a/i7' };
const DATE = 1_700_000_000;
const now = DATE * 1_000;
const WHO = `Dev-E <dev-e@agents.rig> ${DATE} +0000`;
const MESSAGE = 'Change\n\nRig-Task: team-a/i7\n';
const commit = { sha: 'a'.repeat(40), author: WHO, committer: WHO, further: [], message: MESSAGE };

test('a commit with author, committer and trailer of the task may be delivered', () => {
  assert.equal(commitFault(commit, marks, now), undefined);
});

test('a commit of another author or committer, also one that only begins alike, is refused', () => {
  for (const who of [
    'Review-E <dev-e@agents.rig> 1700000000 +0000',
    'Dev-E <dev-e@agents.rig> <x@y> 1700000000 +0000',
    'Dev-E <dev-e@agents.rig.evil> 1700000000 +0000',
    '',
  ]) {
    assert.match(commitFault({ ...commit, author: who }, marks, now) ?? '', /author is not Dev-E/);
    assert.match(commitFault({ ...commit, committer: who }, marks, now) ?? '', /committer is not Dev-E/);
  }
});

test('a commit without the trailer, with that of another task, or with a second one is refused', () => {
  for (const message of ['Change', 'Change\n\nRig-Task: team-a/i8', 'Change\nRig-Task: team-a/i7'])
    assert.match(commitFault({ ...commit, message }, marks, now) ?? '', /does not end with the trailer/);
  const twice = 'Change\n\nRig-Task: team-b/i1\n\nRig-Task: team-a/i7';
  assert.match(commitFault({ ...commit, message: twice }, marks, now) ?? '', /Rig- trailer/);
});

test('a commit that closes an issue or skips checks is refused', () => {
  for (const title of ['Fixes #3', 'x [skip ci]'])
    assert.notEqual(commitFault({ ...commit, message: `${title}\n\nRig-Task: team-a/i7` }, marks, now), undefined);
});

test('every form that the merge gate reads as closing or skipping is refused here already', () => {
  for (const text of [
    'Fixes GH-7',
    'Fixes https://forge.example/a/b/issues/7',
    'Fixes:#7',
    '[skip-ci]',
    '[no actions]',
  ])
    assert.notEqual(commitFault({ ...commit, message: `${text}\n\nRig-Task: team-a/i7` }, marks, now), undefined, text);
});

test('a commit that speaks for somebody else by a trailer is refused', () => {
  for (const text of ['Co-authored-by: A <a@b>', 'x\n\nsigned-off-by: Dev-E <dev-e@agents.rig>', 'On-behalf-of: @acme'])
    assert.match(
      commitFault({ ...commit, message: `${text}\n\nRig-Task: team-a/i7` }, marks, now) ?? '',
      /trailer/,
      text,
    );
});

test('a commit with a header beyond tree, parents, author and committer is refused by that name', () => {
  for (const header of [
    'gpgsig -----BEGIN PGP SIGNATURE-----\n x',
    'mergetag object 1\n type commit',
    'encoding UTF-7',
  ]) {
    const listing = `${commit.sha}\ntree x\nparent y\nparent z\nauthor ${WHO}\ncommitter ${WHO}\n${header}\n\n    ${MESSAGE}\0`;
    const [read] = parseCommits(listing);
    const name = header.split(' ')[0] as string;
    assert.match(commitFault(read as typeof commit, marks, now) ?? '', new RegExp(`the header ${name}`));
  }
});

test('a commit of another time than the task’s is refused, and one of a zone that is none', () => {
  for (const when of ['0 +0000', '4102444800 +0000', `${DATE - 40 * 86_400} +0000`, `${DATE} +9999`, `${DATE} -0075`])
    for (const role of ['author', 'committer'] as const)
      assert.match(
        commitFault({ ...commit, [role]: `Dev-E <dev-e@agents.rig> ${when}` }, marks, now) ?? '',
        new RegExp(`date of its ${role}`),
        when,
      );
  assert.equal(
    commitFault({ ...commit, author: `Dev-E <dev-e@agents.rig> ${DATE - 3_600} -0330` }, marks, now),
    undefined,
  );
});

test('commits are read as git prints them, one after the other', () => {
  const listing = `${commit.sha}\ntree x\nauthor ${WHO}\ncommitter ${WHO}\n\n    Change\n\n    Rig-Task: team-a/i7\n\0`;
  const [first, second] = parseCommits(listing + listing);
  assert.equal(commitFault(first as typeof commit, marks, now), undefined);
  assert.deepEqual(second, first);
});
