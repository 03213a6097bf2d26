import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { connect } from 'node:tls';
import { serveCertificates } from '#lib/authority';
import { silentLogger } from '#lib/observe';
import { trustAdmission } from './admission.ts';

/** What `rig admission trust` makes where nothing was made yet, in a folder as a Secret is mounted. */
async function made(t: TestContext): Promise<{ folder: string; ca: string }> {
  const secrets: { data: Record<string, string> }[] = [];
  const client = {
    find: async (_: unknown, { name }: { name: string }) =>
      name === 'rig-verifier' ? { metadata: { name } } : undefined,
    create: async (_: unknown, secret: never) => void secrets.push(secret),
    apply: async () => {},
  };
  await trustAdmission(client as never, Date.now());
  const folder = mkdtempSync(join(tmpdir(), 'rig-trust-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const files = Object.entries(secrets[0]!.data).map(([name, text]) => [name, Buffer.from(text, 'base64')] as const);
  for (const [name, text] of files) writeFileSync(join(folder, name), text);
  return { folder, ca: String(Object.fromEntries(files)['tls.crt']) };
}

/** What somebody who trusts `ca` says of a server with a certificate for this host; undefined where all is well. */
async function judged(t: TestContext, { folder, ca }: { folder: string; ca: string }, host: string) {
  const server = createServer({});
  const end = await serveCertificates(server, {
    directory: folder,
    hosts: [host],
    now: Date.now,
    logger: silentLogger,
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const socket = connect({ host: '127.0.0.1', port, ca, servername: host });
  t.after(() => {
    end();
    socket.destroy();
    server.close();
  });
  return once(socket, 'secureConnect').then(
    () => undefined,
    (error: Error) => error.message,
  );
}

test('who trusts the authority of admission believes its certificates for the verifier’s own names, and for nobody else’s', async (t) => {
  const authority = await made(t);
  assert.equal(await judged(t, authority, 'rig-verifier-admission.rig-verifier.svc'), undefined);
  for (const host of ['ghcr.io', 'kubernetes.default.svc', 'not-rig-verifier.svc'])
    assert.match((await judged(t, authority, host)) ?? '', /permitted subtree violation/, host);
});
