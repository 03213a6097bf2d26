import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ForgeWorld } from './contract.ts';
import { refused } from './contract-support.ts';

/** What machines signed, beside a repository. */
export function contractOfAttestations(name: string, world: () => Promise<ForgeWorld>): void {
  const given = (title: string, run: (at: ForgeWorld) => Promise<void>) =>
    test(`${name}: ${title}`, async () => run(await world()));

  given('bundles come back as they were filed, newest first, under each digest that they are about', async (at) => {
    const [one, two] = ['1'.repeat(64), '2'.repeat(64)];
    const bundle = (note: string, ...digests: string[]) => {
      const subject = digests.map((sha256) => ({ name: note, digest: { sha256 } }));
      const payload = Buffer.from(JSON.stringify({ note, subject })).toString('base64');
      return {
        mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
        dsseEnvelope: { payload, payloadType: 'x' },
      };
    };
    const [first, second] = [bundle('first', one), bundle('second', one, two)];
    for (const each of [first, second]) await at.attest(each);
    const read = async (digest: string) =>
      (await at.developer.attestations(at.repo, digest)).map((text) => JSON.parse(text));
    assert.deepEqual(await read(one), [second, first]);
    assert.deepEqual(await read(two), [second]);
  });

  given('a digest that nobody signed has no bundles, and neither has a repository that is not seen', async (at) => {
    assert.deepEqual(await at.developer.attestations(at.repo, 'f'.repeat(64)), []);
    assert.deepEqual(await at.outsider.attestations(at.repo, '1'.repeat(64)), []);
    await refused(at.developer.attestations(at.repo, 'F'.repeat(64)), 'Validation');
    await refused(at.nobody.attestations(at.repo, 'f'.repeat(64)), 'Unauthorized');
  });
}
