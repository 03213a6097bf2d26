import assert from 'node:assert/strict';
import { after, afterEach, type TestContext, test } from 'node:test';
import type { Repository, TierPolicy } from '#crds';
import type { Tier } from '#domain';
import type { KubeObject } from '#lib/kube';
import { person } from '../local/trust/trust.int-kit.ts';
import { until } from '../test/kit/cluster-wait.ts';
import { APPROVALS, ISSUES, REPOSITORIES, TIER_POLICIES } from './objects.ts';
import { RBAC, TENANT, VerifierRig } from './verifier.int-kit.ts';

const rig = await VerifierRig.start({ after } as unknown as TestContext);
const { world, client } = rig;
afterEach(() => rig.closePulls());
const REFUSED = 405;
const MERGED = 200;

/** A pull request of an Issue of its own that changes a manifest of access. */
async function irreversible(name: string) {
  const issue = await rig.issue(name);
  const pull = await rig.pull(`rig/${name}/1`, `deploy/${name}.yaml`, RBAC.replace('all', name));
  return { issue, ...pull, report: await rig.says(pull.sha, 'action_required') };
}

test('a change of docs is let through, and merged by whoever may', async () => {
  const { sha, number } = await rig.pull('docs', 'docs/a.md', 'words\n');
  const { output } = await rig.says(sha, 'success');
  assert.match(output.title, /^T0/);
  assert.equal(await rig.merge('dev', number), MERGED);
});

test('a conductor that asks for a merge at T3 without an Approval is refused by the forge, and the check says what helps', async () => {
  const { number, report } = await irreversible('hostile');
  assert.match(report.output.summary, /deploy\/hostile\.yaml/);
  assert.match(report.output.summary, /built-in\//);
  assert.match(report.output.summary, /rig approve hostile --scope merge/);
  assert.equal(await rig.merge('dev', number), REFUSED);
  assert.equal(await rig.merge('boss', number), REFUSED);
});

test('the check forged by another App, by a commit status, or written over, lets nothing through', async () => {
  const { sha, number, report } = await irreversible('forged');
  const forged = { name: 'rig/approval', head_sha: sha, status: 'completed', conclusion: 'success' };
  await world.rest('checker', 'POST /repos/acme/widgets/check-runs', forged, 201);
  await world.rest(
    'dev',
    `POST /repos/acme/widgets/statuses/${sha}`,
    { state: 'success', context: 'rig/approval' },
    201,
  );
  const over = { status: 'completed', conclusion: 'success' };
  await world.rest('checker', `PATCH /repos/acme/widgets/check-runs/${report.id}`, over, 403);
  await world.rest('dev', `PATCH /repos/acme/widgets/check-runs/${report.id}`, over, 403);
  assert.equal(await rig.merge('dev', number), REFUSED);
});

test('a person’s Approval lets exactly the head through that was signed; one more push voids it', async () => {
  const { issue, sha, number } = await irreversible('approved');
  await rig.file(issue, 'approved-1', await rig.bundle(issue, { number, sha }));
  const { output } = await rig.says(sha, 'success');
  assert.match(output.summary, /ada@example\.com/);
  const next = await rig.push('rig/approved/1', 'deploy/more.yaml', RBAC.replace('all', 'more'));
  await rig.says(next, 'action_required');
  assert.equal(await rig.merge('dev', number), REFUSED);
  await rig.file(issue, 'approved-2', await rig.bundle(issue, { number, sha: next }));
  await rig.says(next, 'success');
  assert.equal(await rig.merge('dev', number), MERGED);
});

test('an Approval that was deleted takes the check back, and the same bundle filed again counts for nothing', async () => {
  const { issue, sha, number } = await irreversible('deleted');
  const bundle = await rig.bundle(issue, { number, sha });
  await rig.file(issue, 'deleted-1', bundle);
  await rig.says(sha, 'success');
  await client.delete(APPROVALS, { namespace: TENANT, name: 'deleted-1' });
  await rig.says(sha, 'action_required');
  await rig.file(issue, 'deleted-2', bundle);
  const said = async () => /was deleted/.test((await rig.run(sha))?.output.summary ?? '');
  while (!(await said())) await rig.says(sha, 'action_required');
  assert.equal(await rig.merge('dev', number), REFUSED);
});

test('an Approval that was deleted while no verifier ran, and filed again, counts for nothing when one starts', async () => {
  const { issue, sha, number } = await irreversible('away');
  const bundle = await rig.bundle(issue, { number, sha });
  await rig.file(issue, 'away-1', bundle);
  await rig.says(sha, 'success');
  await rig.verifier.stop();
  await client.delete(APPROVALS, { namespace: TENANT, name: 'away-1' });
  await rig.file(issue, 'away-2', bundle);
  await rig.open();
  const { output } = await rig.says(sha, 'action_required');
  assert.match(output.summary, /was deleted/);
  assert.equal(await rig.merge('dev', number), REFUSED);
});

test('an Approval that was deleted before it fitted counts for nothing when it is filed again once it does', async () => {
  const { issue, sha, number } = await irreversible('early');
  const bundle = await rig.bundle(issue, { number, sha });
  const asks = (body: string) =>
    client.patch(ISSUES, { namespace: TENANT, name: 'early' }, { spec: { body } } as never);
  const says = async (words: RegExp) => {
    while (!words.test((await rig.run(sha))?.output.summary ?? '')) await rig.says(sha, 'action_required');
  };
  const { body } = issue.spec;
  await asks('Something else.');
  await rig.file(issue, 'early-1', bundle);
  await says(/not what was signed/);
  await client.delete(APPROVALS, { namespace: TENANT, name: 'early-1' });
  await asks(body!);
  await rig.file(issue, 'early-2', bundle);
  await says(/was deleted/);
  assert.equal(await rig.merge('dev', number), REFUSED);
});

test('an Approval that was deleted while its pull request was closed counts for nothing when both are there again', async () => {
  const { issue, sha, number } = await irreversible('shut');
  const bundle = await rig.bundle(issue, { number, sha });
  await rig.closePulls();
  const before = await rig.held();
  await rig.file(issue, 'shut-1', bundle);
  await until('its signature is written down', async () => (await rig.held()) === before + 1);
  await client.delete(APPROVALS, { namespace: TENANT, name: 'shut-1' });
  await rig.file(issue, 'shut-2', bundle);
  await world.rest('boss', `PATCH /repos/acme/widgets/pulls/${number}`, { state: 'open' });
  const said = async () => /was deleted/.test((await rig.run(sha))?.output.summary ?? '');
  while (!(await said())) await rig.says(sha, 'action_required');
  assert.equal(await rig.merge('dev', number), REFUSED);
});

test('a head that was let through fails when its pull request is closed, also while no verifier ran, and is looked at anew when it is opened again', async () => {
  const { issue, sha, number } = await irreversible('given-up');
  const bundle = await rig.bundle(issue, { number, sha });
  await rig.file(issue, 'given-up-1', bundle);
  await rig.says(sha, 'success');
  const turn = (state: string) => world.rest('boss', `PATCH /repos/acme/widgets/pulls/${number}`, { state });
  await rig.verifier.stop();
  await turn('closed');
  await rig.open({ pollMs: 3_600_000 });
  const { output } = await rig.says(sha, 'failure');
  assert.match(output.title, /No open pull request/);
  await rig.verifier.stop();
  await turn('open');
  assert.equal(await rig.merge('dev', number), REFUSED, 'nobody has looked at it yet');
  await rig.open();
  await rig.says(sha, 'success');
  await turn('closed');
  await rig.says(sha, 'failure');
  await client.delete(APPROVALS, { namespace: TENANT, name: 'given-up-1' });
  await turn('open');
  await rig.says(sha, 'action_required');
  assert.equal(await rig.merge('dev', number), REFUSED);
});

test('a head that another was pushed over fails, and one that was merged stays let through', async () => {
  const { sha, number } = await rig.pull('over', 'docs/over.md', 'one\n');
  await rig.says(sha, 'success');
  const next = await rig.push('over', 'docs/over.md', 'two\n');
  await rig.says(next, 'success');
  await rig.says(sha, 'failure');
  assert.equal(await rig.merge('dev', number), MERGED);
  await until('nothing is open that was let through', async () => (await rig.passed()) === 0);
  assert.equal((await rig.run(next))?.conclusion, 'success');
});

test('a head is held back as soon as its signer is taken off the list, and let through when they are back, long before it is looked at anyway', async (t) => {
  await rig.verifier.stop();
  await rig.open({ pollMs: 3_600_000 });
  t.after(async () => {
    await rig.verifier.stop();
    await rig.open();
  });
  const { issue, sha, number } = await irreversible('unlisted');
  await rig.file(issue, 'unlisted-1', await rig.bundle(issue, { number, sha }));
  await rig.says(sha, 'success');
  await rig.list('grace@example.com');
  await rig.says(sha, 'action_required');
  assert.equal(await rig.merge('dev', number), REFUSED);
  await rig.list(person.email);
  await rig.says(sha, 'success');
});

test('an Issue whose text is edited after its Approval is not let through', async () => {
  const { issue, sha, number } = await irreversible('edited');
  await rig.file(issue, 'edited-1', await rig.bundle(issue, { number, sha }));
  await rig.says(sha, 'success');
  await client.patch(ISSUES, { namespace: TENANT, name: 'edited' }, { spec: { body: 'And more.' } } as never);
  const { output } = await rig.says(sha, 'action_required');
  assert.match(output.summary, /not what was signed/);
});

test('an Approval that was signed as T1 does not let T3 through', async () => {
  const { issue, sha, number } = await irreversible('lower');
  await rig.file(issue, 'lower-1', await rig.bundle(issue, { number, sha }, 'T1'));
  const said = async () => /signed as/.test((await rig.run(sha))?.output.summary ?? '');
  while (!(await said())) await rig.says(sha, 'action_required');
  assert.equal(await rig.merge('dev', number), REFUSED);
});

test('an Approval for the head of another pull request lets nothing through', async () => {
  const one = await irreversible('one');
  const other = await irreversible('other');
  await rig.file(other.issue, 'other-1', await rig.bundle(other.issue, one));
  await rig.says(one.sha, 'action_required');
  await rig.says(other.sha, 'action_required');
  assert.equal(await rig.merge('dev', one.number), REFUSED);
  assert.equal(await rig.merge('dev', other.number), REFUSED);
});

test('a signature is counted where all of it fits the head, below T3 too, and not where its list of manifests is another', async () => {
  const { issue, sha, number } = await irreversible('crafted');
  const before = await rig.counted();
  await rig.file(issue, 'crafted-1', await rig.bundle(issue, { number, sha }, 'T3', { manifests: ['f'.repeat(64)] }));
  const said = async () => /not what was signed/.test((await rig.run(sha))?.output.summary ?? '');
  while (!(await said())) await rig.says(sha, 'action_required');
  assert.equal(await rig.counted(), before);
  const low = await rig.issue('low');
  const pull = await rig.pull('rig/low/1', 'docs/low.md', 'low\n');
  const { output } = await rig.says(pull.sha, 'success');
  await rig.file(low, 'low-1', await rig.bundle(low, pull, output.title.slice(0, 2) as Tier));
  await until('it is counted', async () => (await rig.counted()) === before + 1);
});

test('an Issue of T3 holds back a change of docs, whatever the pull request says of it', async () => {
  await rig.issue('floor', { tier: 'T3', number: 77 });
  const { sha, number } = await rig.pull('a-persons-own', 'docs/b.md', 'b\n', { body: 'Closes #77' });
  const { output } = await rig.says(sha, 'action_required');
  assert.match(output.summary, /Issue floor/);
  assert.equal(await rig.merge('dev', number), REFUSED);
});

test('a pull request of no Issue at T3 says how a person may let it through', async () => {
  const { sha } = await rig.pull('nobodys', 'deploy/nobody.yaml', RBAC);
  const { output } = await rig.says(sha, 'action_required');
  assert.match(output.summary, /no Issue of the rig/);
});

test('a head that was let through is held back when the Repository’s rules tighten, and let through when they do not', async () => {
  const { sha, number } = await rig.pull('tight', 'docs/c.md', 'c\n');
  await rig.says(sha, 'success');
  const ref = { namespace: TENANT, name: 'widgets' };
  const raise = [{ name: 'docs', tier: 'T3', match: { paths: ['docs/**'] } }];
  await client.patch<Repository & KubeObject>(REPOSITORIES, ref, { spec: { raise } } as never);
  const { output } = await rig.says(sha, 'action_required');
  assert.match(output.summary, /raise\/docs/);
  assert.equal(await rig.merge('dev', number), REFUSED);
  await client.patch<Repository & KubeObject>(REPOSITORIES, ref, { spec: { raise: [] } } as never);
  await rig.says(sha, 'success');
});

test('a head is judged by its change onto the default branch, whichever branch its pull request goes to', async () => {
  await world.git('work', 'push', '-q', world.remote('dev'), 'origin/main:refs/heads/release');
  const sha = await rig.push('two', 'deploy/two.yaml', RBAC.replace('all', 'two'));
  const { number } = await world.pull('two', { base: 'release' });
  await rig.says(sha, 'action_required');
  await world.rest('dev', `PATCH /repos/acme/widgets/pulls/${number}`, { base: 'main' });
  assert.equal(await rig.merge('dev', number), REFUSED);
});

test('a second Repository of the same repository, under a policy that lets everything through, lets nothing through', async () => {
  await rig.issue('twin', { tier: 'T3' });
  const { sha, number } = await rig.pull('rig/twin/1', 'docs/twin.md', 'twin\n');
  await rig.says(sha, 'action_required');
  const rules = [{ name: 'all', tier: 'T0', match: { paths: ['**'] } }];
  const lax = { metadata: { name: 'lax' }, spec: { rules, manifests: [] } } as unknown as TierPolicy & KubeObject;
  await client.create(TIER_POLICIES, lax);
  const { spec } = await client.get<Repository & KubeObject>(REPOSITORIES, { namespace: TENANT, name: 'widgets' });
  const twin = { metadata: { namespace: 'tenant-b', name: 'mine' }, spec: { ...spec, tierPolicyRef: { name: 'lax' } } };
  await client.create(REPOSITORIES, twin as unknown as Repository & KubeObject);
  const says = async () =>
    /2 Repositories .* `tenant-a\/widgets` says/.test((await rig.run(sha))?.output.summary ?? '');
  while (!(await says())) await rig.says(sha, 'action_required');
  assert.equal(await rig.merge('dev', number), REFUSED);
  const nowhere = { spec: { defaultBranch: 'nowhere' } } as never;
  await client.patch<Repository & KubeObject>(REPOSITORIES, { namespace: 'tenant-b', name: 'mine' }, nowhere);
  const { output } = await rig.says(sha, 'failure');
  assert.match(output.summary, /`tenant-b\/mine` says.*no branch nowhere/s);
  await client.delete(REPOSITORIES, { namespace: 'tenant-b', name: 'mine' });
  while (await says()) await rig.says(sha, 'action_required');
});

test('without a TierPolicy nothing is let through, and what was is held back', async () => {
  const { sha, number } = await rig.pull('ungraded', 'docs/d.md', 'd\n');
  await rig.says(sha, 'success');
  const policy = await client.get<TierPolicy & KubeObject>(TIER_POLICIES, { name: 'default' });
  await client.delete(TIER_POLICIES, { name: 'default' });
  const { output } = await rig.says(sha, 'failure');
  assert.match(output.summary, /There is no TierPolicy default/);
  assert.equal(await rig.merge('dev', number), REFUSED);
  const { metadata: _, ...rest } = policy;
  await client.create(TIER_POLICIES, { ...rest, metadata: { name: 'default' } } as TierPolicy & KubeObject);
  await rig.says(sha, 'success');
});

test('what stands at the forge is written once, by whichever verifier, and never by a hint that nobody signed', async () => {
  const { sha } = await rig.pull('once', 'docs/e.md', 'e\n');
  const { id } = await rig.says(sha, 'success');
  await rig.verifier.stop();
  await rig.open();
  const { sha: later } = await rig.pull('later', 'docs/f.md', 'f\n');
  await rig.says(later, 'success');
  assert.equal((await rig.run(sha))?.id, id);
  const url = `${rig.verifier.listening.url}/webhooks/github`;
  const unsigned = await fetch(url, { method: 'POST', body: '{"repository":{"full_name":"acme/widgets"}}' });
  assert.equal(unsigned.status, 401);
  assert.equal((await fetch(`${rig.verifier.listening.url}/readyz`)).status, 200);
});
