import assert from 'node:assert/strict';
import { test } from 'node:test';
import { commitFault, parseCommits } from './acceptance.ts';

const marks = { author: { name: 'Dev-E', email: 'dev-e@agents.rig' }, task: 'team-a/i7' };
const WHO = 'Dev-E <dev-e@agents.rig> 1700000000 +0000';
const commit = { sha: 'a'.repeat(40), author: WHO, committer: WHO, message: 'Change\n\nRig-Task: team-a/i7\n' };

test('a commit with author, committer and trailer of the task may be delivered', () => {
  assert.equal(commitFault(commit, marks), undefined);
});

test('a commit of another author or committer, also one that only begins alike, is refused', () => {
  for (const who of [
    'Review-E <dev-e@agents.rig> 1700000000 +0000',
    'Dev-E <dev-e@agents.rig> <x@y> 1700000000 +0000',
    'Dev-E <dev-e@agents.rig.evil> 1700000000 +0000',
    '',
  ]) {
    assert.match(commitFault({ ...commit, author: who }, marks) ?? '', /author is not Dev-E/);
    assert.match(commitFault({ ...commit, committer: who }, marks) ?? '', /committer is not Dev-E/);
  }
});

test('a commit without the trailer, with that of another task, or with a second one is refused', () => {
  for (const message of ['Change', 'Change\n\nRig-Task: team-a/i8', 'Change\nRig-Task: team-a/i7'])
    assert.match(commitFault({ ...commit, message }, marks) ?? '', /does not end with the trailer/);
  const twice = 'Change\n\nRig-Task: team-b/i1\n\nRig-Task: team-a/i7';
  assert.match(commitFault({ ...commit, message: twice }, marks) ?? '', /Rig- trailer/);
});

test('a commit that closes an issue or skips checks is refused', () => {
  for (const title of ['Fixes #3', 'x [skip ci]'])
    assert.notEqual(commitFault({ ...commit, message: `${title}\n\nRig-Task: team-a/i7` }, marks), undefined);
});

test('commits are read as git prints them, one after the other', () => {
  const listing = `${commit.sha}\ntree x\nauthor ${WHO}\ncommitter ${WHO}\n\n    Change\n\n    Rig-Task: team-a/i7\n\0`;
  const [first, second] = parseCommits(listing + listing);
  assert.equal(commitFault(first as typeof commit, marks), undefined);
  assert.deepEqual(second, first);
});
