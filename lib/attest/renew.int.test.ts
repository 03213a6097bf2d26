import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Hono } from 'hono';
import { canonicalJSON } from '#domain';
import { listen } from '#lib/http';
import { scratch, started } from '../../local/trust/trust.int-kit.ts';
import { entriesOf, publishedRoot, readTrust } from './index.ts';

const pair = () => generateKeyPairSync('ed25519');
type Pair = ReturnType<typeof pair>;

const ROLES = ['root', 'timestamp', 'snapshot', 'targets'] as const;
type Role = (typeof ROLES)[number];

const sha256 = (bytes: string | Buffer) => createHash('sha256').update(bytes).digest('hex');

function keyOf(publicKey: KeyObject) {
  const bytes = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32).toString('hex');
  const key = { keytype: 'ed25519', scheme: 'ed25519', keyval: { public: bytes } };
  return { id: sha256(canonicalJSON(key)), key };
}

/** A TUF repository (version 1.0 of its specification) with one key for each role, and one target. */
function repository(keys: Readonly<Record<Role, Pair>>, { target, version = 1 }: { target: string; version?: number }) {
  const expires = new Date(Date.now() + 86_400_000).toISOString().replace(/\.\d+Z$/, 'Z');
  const common = { spec_version: '1.0.31', version, expires };
  const signed = (role: Role, body: object) => {
    const text = { _type: role, ...common, ...body };
    const sig = sign(null, Buffer.from(canonicalJSON(text)), keys[role].privateKey).toString('hex');
    return JSON.stringify({ signed: text, signatures: [{ keyid: keyOf(keys[role].publicKey).id, sig }] });
  };
  const own = ROLES.map((role) => [role, keyOf(keys[role].publicKey)] as const);
  const root = signed('root', {
    version: 1,
    consistent_snapshot: true,
    keys: Object.fromEntries(own.map(([, { id, key }]) => [id, key])),
    roles: Object.fromEntries(own.map(([role, { id }]) => [role, { keyids: [id], threshold: 1 }])),
  });
  const hashes = { sha256: sha256(target) };
  const targets = signed('targets', {
    targets: { 'trusted_root.json': { length: Buffer.byteLength(target), hashes } },
  });
  const snapshot = signed('snapshot', { meta: { 'targets.json': { version } } });
  const timestamp = signed('timestamp', { meta: { 'snapshot.json': { version } } });
  return {
    root,
    files: new Map([
      ['/timestamp.json', timestamp],
      [`/${version}.snapshot.json`, snapshot],
      [`/${version}.targets.json`, targets],
      [`/targets/${hashes.sha256}.trusted_root.json`, target],
    ]),
  };
}

async function serve(t: TestContext, files: ReadonlyMap<string, string>): Promise<string> {
  const app = new Hono().all('*', (context) => {
    const text = files.get(new URL(context.req.url).pathname);
    return text === undefined ? context.text('', 404) : context.body(text);
  });
  const server = await listen(app, { port: 0 });
  t.after(() => server.close(100));
  return server.url;
}

async function published(t: TestContext, change: (files: Map<string, string>) => void = () => undefined) {
  const target = JSON.stringify((await started(t)).root);
  const keys = Object.fromEntries(ROLES.map((role) => [role, pair()])) as Record<Role, Pair>;
  const { root, files } = repository(keys, { target });
  change(files);
  const rootFile = join(await scratch(t), 'root.json');
  await writeFile(rootFile, root);
  return { url: await serve(t, files), rootFile, target };
}

test('the trusted root that a TUF repository publishes is had through the root that is trusted, and verifies', async (t) => {
  const { url, rootFile, target } = await published(t);
  const text = await publishedRoot({ url, rootFile });
  assert.deepEqual(entriesOf(text), entriesOf(target));
  assert.ok(readTrust(text).expiresAt! > Date.now());
});

test('a mirror that gives another target, or metadata by other keys, gives no root', async (t) => {
  const changes: ((files: Map<string, string>) => void)[] = [
    (files) => {
      const name = [...files.keys()].find((one) => one.startsWith('/targets/'))!;
      files.set(name, files.get(name)!.replace('rig.local', 'rig.other'));
    },
    (files) => {
      const keys = Object.fromEntries(ROLES.map((role) => [role, pair()])) as Record<Role, Pair>;
      for (const [name, text] of repository(keys, { target: '{}' }).files) files.set(name, text);
    },
    (files) => files.clear(),
  ];
  for (const change of changes) {
    const { url, rootFile } = await published(t, change);
    await assert.rejects(publishedRoot({ url, rootFile }), { name: 'AttestError', code: 'TrustUnreadable' });
  }
});

test('a repository whose root nobody named is trusted by nobody', async (t) => {
  const { url } = await published(t);
  await assert.rejects(publishedRoot({ url }), { code: 'TrustUnreadable' });
  await assert.rejects(publishedRoot({ url, rootFile: '/nowhere/root.json' }), { code: 'TrustUnreadable' });
});

test('the entries of a trusted root are told apart by their keys', async (t) => {
  const [one, other] = [await started(t), await started(t)].map(({ root }) => entriesOf(JSON.stringify(root)));
  assert.deepEqual(
    one!.map(({ part }) => part),
    ['certificate authority', 'certificate log', 'transparency log', 'timestamp authority'],
  );
  const prints = [...one!, ...other!].map(({ fingerprint }) => fingerprint);
  assert.equal(new Set(prints).size, prints.length);
  assert.throws(() => entriesOf('no root'), { code: 'TrustUnreadable' });
});
