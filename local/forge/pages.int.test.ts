import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { World } from './testing/world.ts';

let world: World;
before(async () => {
  world = await World.start();
});
after(() => world.close());

const R = '/repos/acme/widgets';
const EVIL = '"><script>alert(1)</script>&\u202e';

const page = async (path: string): Promise<string> => {
  const response = await fetch(`${world.forge.url}/acme/widgets${path}`);
  assert.equal(response.status, 200, path);
  assert.match(response.headers.get('content-security-policy') ?? '', /default-src 'none'/);
  const text = await response.text();
  assert.ok(!text.includes('<script>'), path);
  return text;
};

test('pages show what keeps a pull request from its branch, its checks, rules and deployments, all of it as text', async () => {
  await world.rest('boss', `PATCH ${R}`, { private: false, description: EVIL });
  const check = { context: EVIL };
  const rules = [
    {
      type: 'required_status_checks',
      parameters: { required_status_checks: [check], strict_required_status_checks_policy: false },
    },
  ];
  const conditions = { ref_name: { include: ['~DEFAULT_BRANCH'] } };
  await world.rest('boss', `POST ${R}/rulesets`, { name: EVIL, enforcement: 'active', conditions, rules }, 201);
  const sha = await world.branch('hostile', 'x\n');
  const pull = await world.pull('hostile', { title: EVIL });
  const shown = await page(`/pull/${pull.number}`);
  assert.match(shown, /Merging is blocked/);
  assert.match(shown, /Required status check &quot;&quot;&gt;&lt;script&gt;alert\(1\)/);
  const output = { title: EVIL, summary: EVIL, text: EVIL };
  const run = { name: EVIL, head_sha: sha, details_url: 'javascript:alert(1)', conclusion: 'success', output };
  const { body } = await world.rest('checker', `POST ${R}/check-runs`, { ...run, details_url: undefined }, 201);
  assert.match(await page(`/runs/${body.id}`), /<strong>success<\/strong>/);
  assert.match(await page(`/pull/${pull.number}`), /\(required\): success/);
  const deployment = { ref: 'main', environment: EVIL, required_contexts: [] };
  const { body: made } = await world.rest('dev', `POST ${R}/deployments`, deployment, 201);
  const status = { state: 'success', environment_url: "https://example.com/?a=1&b='x'", description: EVIL };
  await world.rest('dev', `POST ${R}/deployments/${made.id}/statuses`, status, 201);
  const deployments = await page('/deployments');
  assert.match(deployments, /<strong>success<\/strong>/);
  assert.match(deployments, /href="https:\/\/example\.com\/\?a=1&amp;b=&#39;x&#39;"/);
  const asked = await page('/rules?ref=refs%2Fheads%2Fmain');
  assert.match(asked, /required_status_checks/);
  assert.match(asked, /Nobody passes these rules/);
  assert.match(await page(''), /Rules<\/a> of main/);
});

test('an address of a check that is no address of the web is shown and not linked', async () => {
  const { body: main } = await world.rest('dev', `GET ${R}/branches/main`);
  const run = { name: 'linked', head_sha: main.commit.sha, details_url: 'javascript:alert(1)' };
  const { body } = await world.rest('checker', `POST ${R}/check-runs`, run, 201);
  const shown = await page(`/runs/${body.id}`);
  assert.ok(shown.includes('javascript:alert(1)') && !shown.includes('href="javascript'));
});

test('pages of a private repository, of another’s check and of what does not exist are not there', async () => {
  const missing = async (path: string) => assert.equal((await fetch(`${world.forge.url}${path}`)).status, 404, path);
  await world.admin('POST', '/repositories', { owner: 'acme', name: 'secret', private: true });
  await world.admin('POST', '/repositories', { owner: 'acme', name: 'open' });
  for (const path of ['', '/rules', '/deployments']) await missing(`/acme/secret${path}`);
  const run = (await world.rest('dev', `GET ${R}/commits/main/check-runs`)).body.check_runs[0];
  await missing(`/acme/open/runs/${run.id}`);
  await missing('/acme/none/rules');
});
