import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { Deaf } from './resync.int-kit.ts';

const R = '/repos/acme/widgets';
/** More than one page of open issues: what a listing costs depends on what happened, not on how many there are. */
const OPEN = 120;
/** Issues at work here, and in the hour that is reckoned. */
const [HERE, AT_WORK] = [5, 50];
const LISTINGS_AN_HOUR = 12;
/** Calls of the very first listing of ten thousand issues: a hundred at a time. */
const FIRST_OF_10000 = 100;

let deaf: Deaf;
const pulls: { number: number; sha: string }[] = [];

before(async () => {
  deaf = await Deaf.start();
  const { world } = deaf.rig;
  const issue = (i: number) => deaf.forgeIssue('maintainer', { title: `Open ${i}`, body: 'Text.' });
  await Promise.all(Array.from({ length: OPEN }, (_, i) => issue(i)));
  for (let i = 0; i < HERE; i++) {
    const sha = await world.branch(`rig/at-work-${i}/1`, `${i}\n`);
    const { number } = await world.pull(`rig/at-work-${i}/1`);
    pulls.push({ number, sha });
    await deaf.atWork(`at-work-${i}`, number, sha);
  }
  await deaf.sync();
});

/** Calls that one listing of the conductor costs, those that are free left out. */
async function cost(): Promise<number> {
  const { world } = deaf.rig;
  const before = (await world.admin('GET', '/requests')).body.total;
  await deaf.sync();
  return (await world.admin('GET', '/requests')).body.total - before;
}

test('listings cost what happened, not what is open: reckoned to ten thousand open Issues and fifty that all move between two listings, at most a thousand calls an hour', async () => {
  const { world } = deaf.rig;
  const quiet = await cost();
  for (const { sha, number } of pulls) {
    await world.rest('checker', `POST ${R}/check-runs`, { name: 'test', head_sha: sha, status: 'in_progress' });
    await deaf.label('maintainer', number, 'seen');
    await world.rest('author', `POST ${R}/issues/${number}/comments`, { body: 'Is it there yet?' }, 201);
  }
  const busy = await cost();
  // Four listings changed, whatever the number of pull requests, and each of these is read whole. The 120 issues may all be of the second that is
  // listed again, so as to miss none: then they are a page more.
  const listings = busy - quiet - HERE;
  const fifty = quiet + 5 + AT_WORK;
  const hour = LISTINGS_AN_HOUR * fifty + FIRST_OF_10000;
  const figures = `quiet ${quiet}, busy ${busy} with ${HERE} pull requests: ${hour} in the worst hour`;
  assert.equal(quiet, 1, figures);
  assert.ok(listings === 4 || listings === 5, figures);
  assert.ok(hour <= 1_000, figures);
});
