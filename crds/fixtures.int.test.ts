import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KubeClient, loadKubeConfig } from '#lib/kube';
import { testCluster, testNamespace } from '../test/kit/cluster.ts';
import { customResourceDefinitions } from './definitions.ts';
import { type Fixture, fixturesOf, judge, rulesOf, served } from './fixtures.int-kit.ts';
import type { Kind } from './resources.ts';

const definitions = await customResourceDefinitions();

for (const definition of definitions) {
  const kind = definition.spec.names.kind as Kind;
  const fixtures = await fixturesOf(kind);
  const has = (verdict: Fixture['verdict'], wanted: Partial<Fixture>) =>
    fixtures.some(
      (fixture) =>
        fixture.verdict === verdict &&
        Object.entries(wanted).every(([key, value]) => fixture[key as keyof Fixture] === value),
    );

  test(`${kind}: every CEL rule has a message of its own that names the field`, () => {
    const messages = rulesOf(definition).map((rule) => rule.message);
    assert.equal(new Set(messages).size, messages.length);
    for (const message of messages) assert.match(message, /^[a-zA-Z]+(\[\])?(\.[a-zA-Z]+(\[\])?)*[ :]/);
  });

  for (const { message } of rulesOf(definition)) {
    test(`${kind}: the rule "${message}" has a reject fixture and an accept fixture of the same name`, () => {
      const rejects = fixtures.filter((fixture) => fixture.verdict === 'reject' && fixture.message === message);
      assert.ok(
        rejects.some(({ name }) => has('accept', { name })),
        `no pair in crds/testdata/${kind.toLowerCase()}`,
      );
    });
  }

  test(`${kind}: the API server judges every fixture as its folder says`, async (t) => {
    const cluster = await testCluster();
    await cluster.kubectl('apply', '--server-side', '--force-conflicts', '-k', import.meta.dirname);
    const client = new KubeClient(loadKubeConfig({ path: cluster.kubeconfigPath }));
    t.after(() => client.close());
    const namespace = await testNamespace(t, 'fixtures');
    await served(client, namespace);
    for (const fixture of fixtures) {
      await t.test(`${fixture.verdict}s ${kind} fixture ${fixture.name}`, async () => {
        const refusal = await judge(client, namespace, fixture);
        if (fixture.verdict === 'accept') return assert.equal(refusal, undefined);
        assert.ok(fixture.message, 'a reject fixture begins with "# message: <what the refusal must contain>"');
        assert.ok(refusal?.includes(fixture.message), `wanted "${fixture.message}", the answer was: ${refusal}`);
      });
    }
  });
}
