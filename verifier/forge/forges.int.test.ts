import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Repository } from '#crds';
import { Stalled } from '#lib/kube';
import { readForgeApp } from './app.ts';
import { VerifierForges } from './forges.ts';

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
const whole = { apiURL: 'https://api.github.com/', appId: '17', privateKey: pem, webhookSecret: 'secret\n' };

function directory(t: TestContext, files: Record<string, string>): string {
  const path = mkdtempSync(join(tmpdir(), 'rig-app-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(path, name), text);
  return path;
}

test('the verifier knows its App by the files of a Secret, and notices when one of them changes', async (t) => {
  const path = directory(t, whole);
  const { version, ...app } = await readForgeApp(path);
  assert.deepEqual(app, {
    apiURL: 'https://api.github.com',
    appId: '17',
    privateKey: pem.trim(),
    webhookSecret: 'secret',
  });
  writeFileSync(join(path, 'webhookSecret'), '');
  const later = await readForgeApp(path);
  assert.equal(later.webhookSecret, null);
  assert.notEqual(later.version, version);
});

const wrong: [string, Partial<typeof whole>, RegExp][] = [
  ['no key', { privateKey: '' }, /^The verifier has no forge App: there is no privateKey/],
  ['a URL with a credential', { apiURL: 'https://me:you@api.github.com' }, /^The key apiURL .* no http\(s\) URL/],
  ['an id that is none', { appId: 'a b' }, /^The key appId .* no App id/],
  ['a key that is none', { privateKey: 'hunter2' }, /^The key privateKey .* no RSA key in PEM/],
];
for (const [what, over, says] of wrong) {
  test(`an App with ${what} is refused in one sentence that tells nothing of what is there`, async (t) => {
    const path = directory(t, { ...whole, ...over });
    await assert.rejects(readForgeApp(path), (error: unknown) => {
      assert.ok(error instanceof Stalled && says.test(error.message), String(error));
      assert.doesNotMatch(error.message, /hunter2|me:you/);
      return true;
    });
  });
}

test('the key of the App is not sent to the forge of a Repository that is elsewhere', async (t) => {
  const forges = new VerifierForges(directory(t, whole), { writeIntervalMs: 0 }, () => 0);
  for (const apiURL of ['http://127.0.0.1:1/api/v3', 'http://api.github.com', 'https://api.github.com.evil.example']) {
    const repository = { spec: { apiURL, owner: 'acme', name: 'widgets' } } as unknown as Repository;
    await assert.rejects(forges.forRepository(repository), /where its key is not sent/);
  }
});
