import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Hono } from 'hono';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { listen } from '#lib/http';
import { until } from '../test/kit/cluster-wait.ts';
import { testDatabase } from '../test/kit/postgres.ts';
import { Client, connectTo, echo, refusal, serve } from './world.int-kit.ts';

/** A conductor that knows one task, whose Repository lists what a test says. */
async function conductor(t: TestContext, allow: string[]) {
  const { privateKey, publicKey } = await generateKeyPair('EdDSA', { crv: 'Ed25519' });
  const app = new Hono();
  app.get('/v1/jwks', async (c) => c.json({ keys: [{ ...(await exportJWK(publicKey)), kid: 'k', alg: 'EdDSA' }] }));
  app.get('/v1/namespaces/team/tasks/i7/egress', (c) =>
    c.json({ live: true, fence: '1.7', repository: 'widgets', allow }),
  );
  const server = await listen(app);
  t.after(() => server.close(0));
  const token = (audience: string) =>
    new SignJWT({ uid: 'u', fence: '1.7', agent: 'dev-e', issue: 'i7' })
      .setProtectedHeader({ alg: 'EdDSA', kid: 'k' })
      .setIssuer('rig-conductor')
      .setAudience(audience)
      .setSubject('team/i7')
      .setExpirationTime('10m')
      .sign(privateKey);
  return { url: server.url, token };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function program(t: TestContext, env: Record<string, string>): ChildProcess {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'main.ts')], {
    env: { PATH: process.env.PATH ?? '', ...env },
    stdio: 'ignore',
  });
  t.after(() => child.kill('SIGKILL'));
  return child;
}

test('the program lets a task through to a listed host, records what it refuses, and ends when asked', async (t) => {
  const { url, pool } = await testDatabase(t);
  await pool.query('CREATE SCHEMA egress');
  const dir = mkdtempSync(join(tmpdir(), 'rig-egress-'));
  t.after(() => rmSync(dir, { recursive: true }));
  writeFileSync(join(dir, 'url'), url);
  const port = await serve(t, echo());
  const { url: conductorURL, token } = await conductor(t, [`127.0.0.1:${port}`]);
  const at = { port: await freePort() };
  const child = program(t, {
    RIG_LISTEN: `127.0.0.1:${at.port}`,
    RIG_CONDUCTOR_URL: conductorURL,
    RIG_DATABASE_URL_FILE: join(dir, 'url'),
    RIG_EGRESS_ALLOW_RANGES: '127.0.0.1/32',
  });
  await until('it is ready', async () => (await fetch(`http://127.0.0.1:${at.port}/readyz`)).ok);
  const bearer = async (audience = 'rig-egress') => `Proxy-Authorization: Bearer ${await token(audience)}\r\n`;

  const client = new Client(at, `${connectTo(`127.0.0.1:${port}`, await bearer())}x`);
  await client.hears(/ 200 [\s\S]*x$/);
  assert.equal((await refusal(at, connectTo(`127.0.0.1:${port}`, await bearer('rig-proxy'))))[0], 407);
  assert.equal((await refusal(at, connectTo('evil.example:443', await bearer())))[0], 403);
  const row = await until('the refusal is recorded', async () => {
    const found = await pool.query('SELECT kind, payload FROM egress.outbox');
    return found.rows[0];
  });
  assert.deepEqual([row.kind, row.payload.host], ['EGRESS_DENIED', 'evil.example']);

  child.kill('SIGTERM');
  client.socket.end();
  await client.toEnd();
  assert.deepEqual(await once(child, 'exit'), [0, null]);
});
