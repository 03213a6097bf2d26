import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { Hono } from 'hono';
import { makeAuthority } from '#lib/authority';
import { listen } from '#lib/http';
import { silentLogger } from '#lib/observe';
import { serveAdmission } from '../../verifier/admission/server.ts';

/** Somebody where a verifier is asked, who lets everything through. */
export interface Impostor {
  readonly port: number;
  /** How many questions it was told. */
  asked(): number;
  /** Hangs up and answers nobody any more. Safe to call twice. */
  end(): Promise<unknown>;
}

/** With a certificate of the authority in this folder for this host; where that is null, without TLS. Ends with the test. */
export async function startImpostor(
  t: TestContext,
  authorityDir: string | null,
  host = '127.0.0.1',
): Promise<Impostor> {
  let asked = 0;
  const app = new Hono();
  app.post('/v1/consent', (context) => {
    asked += 1;
    return context.json({ body: { allowed: true, message: '', attestors: null } });
  });
  const at = { host: '127.0.0.1', port: 0 };
  const { port, close } =
    authorityDir === null
      ? await listen(app, at)
      : await serveAdmission({ listen: at, authorityDir, hosts: [host], now: Date.now }, app, silentLogger);
  let ended: Promise<unknown> | undefined;
  const end = () => (ended ??= close());
  t.after(end);
  return { port, asked: () => asked, end };
}

/** A new authority in this folder, or in one of its own that goes with the test. */
export async function authorityIn(t: TestContext, folder?: string): Promise<string> {
  const into = folder ?? mkdtempSync(join(tmpdir(), 'rig-authority-'));
  if (folder === undefined) t.after(() => rmSync(into, { recursive: true, force: true }));
  const { certificate, key } = await makeAuthority('another', Date.now());
  writeFileSync(join(into, 'tls.key'), key);
  writeFileSync(join(into, 'tls.crt'), certificate);
  return into;
}
