import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { apiVersion, type Repository, resources } from '#crds';
import { HOOK_EVENTS } from '#lib/forge';
import { isConditionTrue, type KubeObject, type Resource } from '#lib/kube';
import { until } from './cluster-wait.ts';
import type { Hands } from './rig-hands.ts';

export const OWNER = 'local';
const READY_WITHIN_MS = 30_000;

/** A git repository with one commit of these files, by path; the caller deletes the folder. */
export function createGitRepository(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'notes-'));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=Test', '-c', 'user.email=test@rig.invalid', '-C', folder, ...args]);
  git('init', '--quiet', '--initial-branch=main');
  git('add', '--all');
  git('commit', '--quiet', '--message', 'Begin');
  return folder;
}

export interface NewRepository {
  readonly name: string;
  /** A git repository of this machine. */
  readonly source: string;
  /** What the forge's runner executes on every head; none without it. */
  readonly ci?: { readonly command: string; readonly env?: object; readonly path?: readonly string[] };
  readonly spec?: Partial<Repository['spec']>;
}

/** Makes one more repository at the forge, delivering to the conductor; its Repository object is still to be applied. */
export async function createForgeRepository(hands: Hands, { name, source, ci }: NewRepository): Promise<void> {
  const collaborators = { you: 'admin', 'rig-conductor': 'write', 'rig-dev-e': 'write', 'rig-review-e': 'write' };
  const at = { owner: OWNER, name, defaultBranch: 'main' };
  await hands.admin('POST', '/repositories', { ...at, source: { path: source }, collaborators, ...(ci ? { ci } : {}) });
  await hands.forge('POST', `/repos/${OWNER}/${name}/hooks`, {
    name: 'web',
    events: HOOK_EVENTS,
    config: {
      url: `${hands.urls.conductor}/webhooks/github`,
      content_type: 'json',
      secret: hands.secret('webhook-secret'),
    },
  });
}

/** Applies the Repository object for a repository of the forge and waits until it is Ready. */
export async function applyRepository(hands: Hands, { name, spec = {} }: NewRepository): Promise<void> {
  const { forge } = hands.urls;
  const object = {
    apiVersion,
    kind: 'Repository',
    metadata: { name, namespace: hands.namespace },
    spec: {
      forge: 'github',
      apiURL: `${forge}/api/v3`,
      owner: OWNER,
      name,
      cloneURL: `${forge}/${OWNER}/${name}.git`,
      defaultBranch: 'main',
      credentialsSecretRef: { name: 'forge-conductor' },
      webhookSecretRef: { name: 'forge-webhook' },
      requiredChecks: { kind: 'none' },
      enforcement: { kind: 'none', because: 'These tests are about something else' },
      slo: { kind: 'none' },
      deploy: { kind: 'none' },
      ...spec,
    },
  };
  await hands.client.create(resources.Repository as Resource<KubeObject>, object as KubeObject);
  await untilReady(hands, name);
}

/** Until then the conductor does not know the repository's id, and takes no delivery of it. */
export async function untilReady(hands: Hands, name: string): Promise<void> {
  await until(
    `Repository ${name} is Ready`,
    async () => {
      const ref = { namespace: hands.namespace, name };
      const { status } = await hands.client.get<Repository & KubeObject>(resources.Repository, ref);
      if (isConditionTrue(status?.conditions, 'Ready')) return true;
      throw new Error(JSON.stringify(status?.conditions));
    },
    READY_WITHIN_MS,
  );
}

/** {@link createForgeRepository} and {@link applyRepository}. */
export async function addRepository(hands: Hands, repository: NewRepository): Promise<void> {
  await createForgeRepository(hands, repository);
  await applyRepository(hands, repository);
}

/** Lets every Agent of the rig run this many tasks at a time, so that scenarios need not wait for each other. */
export async function raiseConcurrency(hands: Hands, concurrency: number): Promise<void> {
  for (const name of ['dev-e', 'review-e']) {
    const ref = { namespace: hands.namespace, name };
    await hands.client.patch(resources.Agent, ref, { spec: { concurrency } });
  }
}

/** The person of the machine signs that the developer may do such work at T1 by itself: what is earned over weeks is not what most tests are about. */
export async function trustDeveloper(hands: Hands, name = 'dev-e'): Promise<void> {
  const { code, stderr } = await hands.rig('trust', 'grant', name, 'chore', 'T1', '--sign-in', 'local', '--yes');
  if (code !== 0) throw new Error(`the developer was not trusted: ${stderr}`);
}
