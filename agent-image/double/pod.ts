import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { Hono } from 'hono';
import { listen } from '#lib/http';
import { replayApp } from '../../local/replay/app.ts';
import { readReplay } from '../../local/replay/index.ts';
import { anAssignment } from './assignment.ts';
import { type ConductorDouble, conductorDouble } from './conductor.ts';
import { serveGit } from './gateway.ts';
import { makeRepository } from './repository.ts';

const MAIN = join(import.meta.dirname, '../main.ts');
const SANDBOX = join(import.meta.dirname, '../sandbox/main.ts');
/** Uids of the two containers as a cluster gives them; the first is the group of the volumes as well. */
const RUNTIME_ID = 65_532;
export const SANDBOX_ID = 65_533;

export interface PodOptions {
  readonly files: Record<string, string>;
  /** Replay of the model. */
  readonly steps: string;
  /** Whether each program has a uid of its own, which takes root. */
  readonly apart?: boolean;
  readonly env?: Record<string, string>;
}

/** Conductor and gateway on one port, as a pod sees them. */
async function conductorServer(double: ConductorDouble, gitURL: string) {
  const app = new Hono();
  app.route('/', double.app);
  app.all('/team/*', async (c) => {
    const { pathname, search } = new URL(c.req.url);
    const answer = await fetch(gitURL + pathname + search, {
      method: c.req.method,
      headers: c.req.raw.headers,
      body: c.req.method === 'POST' ? await c.req.arrayBuffer() : null,
    });
    const headers = new Headers(answer.headers);
    for (const name of ['content-encoding', 'content-length', 'transfer-encoding']) headers.delete(name);
    return new Response(answer.body, { status: answer.status, headers });
  });
  return listen(app);
}

/** Both programs of a pod as processes, with volumes below `root`, and doubles of all they talk to. */
export async function startPod(t: TestContext, { files, steps, apart = false, env = {} }: PodOptions) {
  const repository = makeRepository(files);
  const git = await serveGit(repository.root);
  const given = anAssignment('implement');
  const double = conductorDouble({ ...given, git: { ...given.git, baseSHA: repository.baseSHA } });
  const conductor = await conductorServer(double, git.url);
  const asked = Promise.withResolvers<void>();
  const model = new Hono();
  const replay = replayApp({ replay: readReplay(steps, 'steps'), where: 'steps', onAnswer: () => asked.resolve() });
  model.route('/', replay);
  const proxy = await listen(model);
  const root = join(repository.scratch, 'pod');
  layOut(root, repository.scratch, apart);
  const pod = { PATH: process.env.PATH ?? '', CONTAINER_SANDBOX_MOUNT_POINT: root };
  const sandbox = run(SANDBOX, pod, apart ? SANDBOX_ID : undefined);
  const child = run(
    MAIN,
    {
      ...pod,
      RIG_CONDUCTOR_URL: conductor.url,
      RIG_PROXY_URL: proxy.url,
      RIG_NAMESPACE: 'team-a',
      RIG_TASK: 'i7-implement',
      RIG_TOKEN_FILE: '/token/token',
      ...env,
    },
    apart ? RUNTIME_ID : undefined,
  );
  t.after(async () => {
    child.kill('SIGKILL');
    sandbox.kill('SIGKILL');
    await Promise.all([conductor.close(0), proxy.close(0), git.close()]);
    repository.remove();
  });
  return { child, sandbox, double, repository, root, git, asked: asked.promise };
}

/** What the node does: volumes by name, each with the owner it has there. A volume that only one side mounts, the other cannot enter. */
function layOut(root: string, scratch: string, apart: boolean): void {
  const volumes = [
    ['token', RUNTIME_ID, RUNTIME_ID, 0o700],
    ['var/lib/rig/origin', RUNTIME_ID, RUNTIME_ID, 0o755],
    ['var/lib/rig/work', SANDBOX_ID, SANDBOX_ID, 0o700],
    ['run/rig', 0, RUNTIME_ID, 0o2770],
  ] as const;
  for (const [path, uid, gid, mode] of volumes) {
    mkdirSync(join(root, path), { recursive: true });
    if (!apart) continue;
    chownSync(join(root, path), uid, gid);
    chmodSync(join(root, path), mode);
  }
  const token = join(root, 'token/token');
  writeFileSync(token, 'pod-token', { mode: 0o400 });
  if (!apart) return;
  chownSync(token, RUNTIME_ID, RUNTIME_ID);
  chmodSync(scratch, 0o755);
}

function run(program: string, env: Record<string, string>, uid: number | undefined): ChildProcess {
  const stdio = ['ignore', 'ignore', process.env.RIG_TEST_VERBOSE ? 'inherit' : 'ignore'] as const;
  if (uid === undefined) return spawn(process.execPath, [program], { stdio: [...stdio], env });
  const ids = [`--reuid=${uid}`, `--regid=${uid}`, `--groups=${RUNTIME_ID}`, '--no-new-privs', '--inh-caps=-all'];
  return spawn('setpriv', [...ids, process.execPath, program], { stdio: [...stdio], env });
}
