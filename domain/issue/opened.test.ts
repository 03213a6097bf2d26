import assert from 'node:assert/strict';
import { test } from 'node:test';
import { known } from '../facts.ts';
import { ada, HEAD, PULL, pullRequest, sha } from '../testing/facts.ts';
import { implementing, type Story } from '../testing/story.ts';
import { decideOpened } from './opened.ts';
import { phaseOf } from './status.ts';

const URL = 'https://forge.example/34';
const made = (over: Partial<Parameters<typeof decideOpened>[1]> = {}) => ({
  number: PULL,
  url: URL,
  headSHA: HEAD,
  branch: 'rig/fix-parser/1',
  ...over,
});

/** The claim of the first attempt ended after its push, while its pull request was being opened. */
function cut(): Story {
  const story = implementing();
  story.push(HEAD);
  story.wish({ suspend: true }, 2);
  story.run();
  assert.deepEqual([story.state.work, story.state.pullRequest], [null, null]);
  return story;
}

/** The second attempt is at work. */
function again(): Story {
  const story = cut();
  story.wish({ suspend: false }, 3);
  story.run();
  assert.equal(story.state.work?.attempt, 2);
  return story;
}

const tell = (story: Story, over: Parameters<typeof made>[0] = {}) =>
  story.append(decideOpened(story.state, made(over)));

test('a pull request that was opened while its claim ended is the issue’s as if it had been told in time', () => {
  const late = cut();
  tell(late);
  const inTime = implementing();
  inTime.deliver(HEAD, PULL);
  inTime.wish({ suspend: true }, 2);
  inTime.run();
  const { url, ...pull } = late.state.pullRequest!;
  const { url: _, ...same } = inTime.state.pullRequest!;
  assert.deepEqual([url, pull, late.state.stalePullRequests], [URL, same, []]);
});

test('one that is told of while the next attempt works is stale: it is closed, and leaves the attempt alone', () => {
  const story = again();
  const [told] = tell(story);
  assert.deepEqual(told?.data, { ...made(), stale: true });
  assert.deepEqual([story.state.pullRequest, story.state.stalePullRequests], [null, [PULL]]);
  const from = story.actions.length;
  story.deliver(sha('d'), PULL + 1).ci();
  story.run();
  const closed = story.actions.slice(from).filter((action) => action.do === 'closeStalePullRequest');
  assert.deepEqual(
    closed.map(({ number }) => number),
    [PULL],
  );
  assert.equal(story.state.pullRequest?.number, PULL + 1);
});

test('a person merges one that was told of late: the issue is done', () => {
  const story = again();
  tell(story);
  const merged = pullRequest({ number: PULL, state: 'merged', mergeSHA: sha('e'), mergedBy: ada });
  story.see({ stalePulls: [{ number: PULL, facts: known(merged, story.now), readAt: story.now }] });
  story.run();
  assert.deepEqual([phaseOf(story.state), story.state.merged?.sha], ['Done', sha('e')]);
});

test('one that the log knows adds nothing, though its branch is of the past and it was closed since', () => {
  const story = again();
  assert.equal(tell(story).length, 1);
  assert.deepEqual(tell(story), []);
  story.run();
  story.append([{ type: 'PR_CLOSED', data: { number: PULL, stale: true, by: null } }]);
  assert.deepEqual([tell(story), story.state.stalePullRequests], [[], []]);
  const current = implementing();
  current.deliver(HEAD, PULL);
  assert.deepEqual(tell(current), []);
});

test('its head is the one that the log knows of its branch, which may have moved since', () => {
  const story = implementing();
  story.push(HEAD);
  story.push(sha('d'));
  assert.deepEqual(
    tell(story).map(({ data }) => data),
    [made({ headSHA: sha('d') })],
  );
});

test('beside another pull request of its branch, behind a merge and of an issue with children it is stale', () => {
  const beside = implementing();
  beside.deliver(HEAD, PULL + 1);
  const merged = implementing();
  merged.push(HEAD);
  merged.append([{ type: 'MERGED', data: { number: 3, headSHA: HEAD, mergeSHA: sha('e'), by: null } }]);
  const parent = implementing();
  parent.push(HEAD);
  parent.append([{ type: 'EPIC_PLANNED', data: { children: ['child'] } }]);
  for (const story of [beside, merged, parent]) {
    const before = story.state.pullRequest;
    tell(story);
    assert.deepEqual([story.state.pullRequest, story.state.stalePullRequests], [before, [PULL]]);
  }
});

test('of an issue that has no log nothing is told', () => {
  const story = implementing();
  assert.deepEqual(decideOpened({ ...story.state, spec: null }, made()), []);
});
