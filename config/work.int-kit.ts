import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Hono } from 'hono';
import { stringify } from 'yaml';
import { annotations, apiVersion, labels, taints } from '#crds';
import { type Listening, listen } from '#lib/http';
import type { World } from '../local/forge/testing/world.ts';
import { replayApp } from '../local/replay/app.ts';
import { readReplay } from '../local/replay/index.ts';

export const TENANT = 'tenant-sample';
/** What is worked here is about something else than trust. */
const TIERS = join(import.meta.dirname, '..', 'test', 'kit', 'tiers.yaml');

/** Calls of the model in one task, and what each of them costs. */
export const CALLS = 4;
export const INPUT_TOKENS = 100;

/** One small change: look, edit, test, done. */
const STEPS = stringify({
  steps: [
    {
      name: 'look',
      when: { kind: 'implement', toolCallsSoFar: 0 },
      answer: { toolUse: [{ name: 'read', input: { path: 'a.txt' } }] },
    },
    {
      name: 'edit',
      when: { kind: 'implement', lastTool: 'read' },
      answer: { toolUse: [{ name: 'edit', input: { path: 'a.txt', old: 'two', new: 'zwei' } }] },
    },
    {
      name: 'test',
      when: { kind: 'implement', lastTool: 'edit' },
      answer: { toolUse: [{ name: 'tests', input: {} }] },
    },
    {
      name: 'done',
      when: { kind: 'implement', lastTool: 'tests' },
      answer: {
        toolUse: [
          {
            name: 'done',
            input: {
              title: 'Count in German',
              what: 'The second line is in German now, as the issue asks.',
              why: 'The issue asks for it.',
              risk: 'Whoever reads the second line sees another word there.',
            },
          },
        ],
      },
    },
  ].map((step) => ({ ...step, usage: { input: INPUT_TOKENS, output: 10 } })),
});

/** A model that can be made to think for as long as a test wants. */
export class HeldModel {
  readonly #server: Listening;
  #gate = Promise.withResolvers<void>();
  #waiting = 0;

  private constructor(server: Listening) {
    this.#server = server;
  }

  static async start(): Promise<HeldModel> {
    const app = new Hono();
    const model: HeldModel = new HeldModel(await listen(app, {}));
    app.use('/v1/*', async (_context, next) => {
      model.#waiting += 1;
      await model.#gate.promise;
      model.#waiting -= 1;
      await next();
    });
    app.route('/', replayApp({ replay: readReplay(STEPS, 'steps'), where: 'steps' }));
    return model;
  }

  get url(): string {
    return this.#server.url;
  }

  /** Whether somebody has asked and has no answer yet. */
  get isAsked(): boolean {
    return this.#waiting > 0;
  }

  /** From now on nobody is answered. */
  hold(): void {
    this.#gate.resolve();
    this.#gate = Promise.withResolvers();
  }

  /** Everybody is answered. */
  release(): void {
    this.#gate.resolve();
  }

  async close(): Promise<void> {
    this.release();
    await this.#server.close();
  }
}

const HOLDERS = { 'forge-conductor': 'boss', 'forge-dev-e': 'dev' } as const;

/** What a tenant's people apply, as YAML: forge credentials, a Repository and an Agent whose pods run on the test's node. */
export function tenantObjects(world: World, node: string): string {
  const place = (name: string) => ({ name, namespace: TENANT });
  const secrets = Object.entries(HOLDERS).map(([name, login]) => ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      ...place(name),
      labels: { [labels.forge]: 'true' },
      annotations: { [annotations.forgeHost]: new URL(world.forge.apiURL).host },
    },
    stringData: { token: world.tokens.get(login) },
  }));
  const repository = {
    apiVersion,
    kind: 'Repository',
    metadata: place('widgets'),
    spec: {
      owner: 'acme',
      name: 'widgets',
      apiURL: world.forge.apiURL,
      cloneURL: `${world.forge.url}/acme/widgets.git`,
      credentialsSecretRef: { name: 'forge-conductor' },
      requiredChecks: { kind: 'none' },
      enforcement: { kind: 'none', because: 'These tests are about something else' },
      slo: { kind: 'none' },
      deploy: { kind: 'none' },
      defaults: { stack: 'node', testCommand: 'test -s a.txt' },
    },
  };
  const agent = {
    apiVersion,
    kind: 'Agent',
    metadata: place('dev-e'),
    spec: {
      role: 'developer',
      stacks: ['node'],
      image: 'ghcr.io/dashecorp/rig-agent-runtime:v0.1.0',
      models: { default: { provider: 'anthropic', model: 'claude-sonnet-4-6' } },
      caps: { perTaskUSD: 2, perSessionUSD: 15 },
      forgeCredentialsSecretRef: { name: 'forge-dev-e' },
      nodeSelector: { 'kubernetes.io/hostname': node },
      tolerations: [{ ...taints.hostProcess, operator: 'Equal' }],
      allowUnisolated: true,
    },
  };
  const objects = [...secrets, repository, agent].map((one) => stringify(one));
  return [readFileSync(TIERS, 'utf8'), ...objects].join('---\n');
}

/** An Issue for the Agent, as YAML; the conductor files it at the forge. */
export function issueObject(name: string): string {
  return stringify({
    apiVersion,
    kind: 'Issue',
    metadata: { name, namespace: TENANT },
    spec: { repositoryRef: { name: 'widgets' }, title: `Count in German (${name})`, body: 'The second line first.' },
  });
}
