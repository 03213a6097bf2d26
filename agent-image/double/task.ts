import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Assignment, ConductorClient } from '#lib/conductor';
import { createModel, type Model } from '#lib/llm';
import { silentLogger } from '#lib/observe';
import { startSandbox } from '../sandbox/server/start.ts';
import { systemClock } from '../session/index.ts';
import { runTask, type TaskDeps } from '../task/index.ts';
import { type ConductorDouble, conductorDouble } from './conductor.ts';

export interface TaskRun {
  readonly assignment: Assignment;
  /** A scratch folder; the token file and the worktree go there. */
  readonly scratch: string;
  readonly gitURL: string;
  /** Answers the model's calls. */
  readonly provider: (url: string, init: RequestInit) => Promise<Response> | Response;
  readonly terminated?: AbortSignal;
  readonly env?: Record<string, string | undefined>;
  readonly prepare?: (conductor: ConductorDouble) => void;
  readonly model?: Model;
  /** Stands between the runtime and its sandbox: listens on `socket`, and may ask the honest one. */
  readonly between?: (socket: string, honest: string) => Promise<{ close(): void }>;
}

/** Runs a whole task against doubles of the conductor and the provider, and real git. */
export async function playTask(run: TaskRun): Promise<{ exitCode: number; conductor: ConductorDouble }> {
  const { assignment, scratch } = run;
  mkdirSync(scratch, { recursive: true });
  const tokenFile = join(scratch, 'token');
  writeFileSync(tokenFile, 'pod-token\n');
  const conductor = conductorDouble(assignment);
  run.prepare?.(conductor);
  const places = {
    originDir: join(scratch, 'origin'),
    sandboxSocket: join(scratch, 'sandbox.sock'),
    egressSocket: join(scratch, 'egress.sock'),
  };
  const workDir = join(scratch, 'work');
  const honest = run.between === undefined ? places.sandboxSocket : join(scratch, 'honest.sock');
  const sandbox = await startSandbox({ ...places, socket: honest, workDir }, run.env ?? process.env, silentLogger);
  const between = await run.between?.(places.sandboxSocket, honest);
  const deps: TaskDeps = {
    settings: {
      conductorURL: run.gitURL,
      proxyURL: 'http://proxy.test',
      namespace: assignment.task.namespace,
      task: assignment.task.name,
      tokenFile,
      egressURL: undefined,
      ...places,
    },
    conductor: new ConductorClient({
      url: 'http://conductor.test',
      fetch: (request) => conductor.app.fetch(request),
      sleep: async () => {},
    }),
    createModel: (choice, apiKey) =>
      run.model ??
      createModel({ ...choice, apiKey, baseURL: 'http://proxy.test', fetch: run.provider as unknown as typeof fetch }),
    clock: systemClock,
    random: () => 0,
    logger: silentLogger,
    terminated: run.terminated ?? new AbortController().signal,
  };
  try {
    return { exitCode: await runTask(deps), conductor };
  } finally {
    between?.close();
    await sandbox.close();
  }
}
