import { createHmac, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Agent as HttpAgent, request } from 'node:http';
import { join } from 'node:path';
import { type Issue, type Repository, resources } from '#crds';
import { requireUp } from '#lib/datadir';
import type { KubeClient, KubeObject, Resource } from '#lib/kube';
import type { RigProcess } from '../rig.ts';
import type { Measurement, ScenarioOptions } from '../scenario.ts';
import type { Tenant } from '../tenant.ts';

const ONE_BY_ONE = 100;
const WARM_UP = 20;
const AT_ONCE = 16;
const IN_A_ROW = 3_000;
const LABELLED = 30;

/** How many forge issues {@link measureWebhooks} needs. */
export const LABELS_NEEDED = LABELLED;

/** From a signed delivery to its answer, alone and many in a row, and from a label to the Issue object. */
export async function measureWebhooks(
  rig: RigProcess,
  client: KubeClient,
  tenant: Tenant,
  numbers: readonly number[],
  { rounds, say, signal }: ScenarioOptions,
): Promise<Measurement[]> {
  const sender = await openSender(rig, client, tenant);
  try {
    say('signed deliveries');
    const alone: number[] = [];
    for (let index = -WARM_UP; index < ONE_BY_ONE; index += 1) {
      const startedAt = performance.now();
      await sender.send();
      if (index >= 0) alone.push(performance.now() - startedAt);
    }
    const rates: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const startedAt = performance.now();
      let left = IN_A_ROW;
      const worker = async () => {
        while (left-- > 0) await sender.send();
      };
      await Promise.all(Array.from({ length: AT_ONCE }, worker));
      rates.push(IN_A_ROW / ((performance.now() - startedAt) / 1_000));
      signal.throwIfAborted();
    }
    return [
      { name: 'signed delivery → 202', unit: 'ms', samples: alone, target: 5 },
      {
        name: `signed deliveries, ${IN_A_ROW} in a row by ${AT_ONCE} senders`,
        unit: '/s',
        samples: rates,
        atLeast: 500,
      },
      await measureLabels(rig, client, tenant, numbers, signal),
    ];
  } finally {
    sender.close();
  }
}

/** Deliveries as the forge signs them, of an event that changes nothing. */
async function openSender(rig: RigProcess, client: KubeClient, tenant: Tenant) {
  const { namespace, repository: name } = tenant;
  const { spec, status } = await client.get<Repository>(resources.Repository, { namespace, name });
  const body = JSON.stringify({
    action: 'started',
    repository: {
      id: status!.forge!.repositoryID,
      full_name: `${spec.owner}/${spec.name}`,
      name: spec.name,
      owner: { login: spec.owner, id: 1 },
    },
    sender: { id: 1, login: 'you', type: 'User' },
  });
  const secret = readFileSync(join(rig.layout.secrets, 'webhook-secret'), 'utf8');
  const signature = `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;
  const url = new URL('/webhooks/github', requireUp(rig.layout).urls.conductor);
  const agent = new HttpAgent({ keepAlive: true, maxSockets: AT_ONCE });
  const headers = {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    'x-github-event': 'watch',
    'x-hub-signature-256': signature,
  };
  return {
    send: () =>
      new Promise<void>((resolve, reject) => {
        const call = request(url, {
          method: 'POST',
          agent,
          headers: { ...headers, 'x-github-delivery': randomUUID() },
        });
        call.on('error', reject).on('response', (answer) => {
          answer.resume().on('error', reject);
          answer.on('end', () =>
            answer.statusCode === 202 ? resolve() : reject(new Error(`a delivery was answered ${answer.statusCode}`)),
          );
        });
        call.end(body);
      }),
    close: () => agent.destroy(),
  };
}

/** From the forge's answer to a label until the Issue is seen in the cluster: delivery, intake and creation. */
async function measureLabels(
  rig: RigProcess,
  client: KubeClient,
  { namespace, repository }: Tenant,
  numbers: readonly number[],
  signal: AbortSignal,
): Promise<Measurement> {
  const { spec } = await client.get<Repository>(resources.Repository, { namespace, name: repository });
  const token = readFileSync(join(rig.layout.secrets, 'forge-token-you'), 'utf8');
  const seen = new Map<string, () => void>();
  const stop = new AbortController();
  const watching = client.watch<Issue>(resources.Issue as Resource<Issue & KubeObject>, {
    namespace,
    signal: AbortSignal.any([stop.signal, signal]),
    onEvent: (type, { metadata }) => void (type === 'ADDED' && seen.get(metadata.name!)?.()),
  });
  const samples: number[] = [];
  try {
    for (const number of numbers) {
      const { promise, resolve } = Promise.withResolvers<void>();
      seen.set(`${repository}-${number}`, resolve);
      const url = `${spec.apiURL}/repos/${spec.owner}/${spec.name}/issues/${number}/labels`;
      const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
      const startedAt = performance.now();
      const answer = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ labels: ['rig'] }), signal });
      if (!answer.ok) throw new Error(`the forge answered ${answer.status} to a label: ${await answer.text()}`);
      await promise;
      samples.push(performance.now() - startedAt);
    }
  } finally {
    stop.abort();
    await watching;
  }
  return { name: 'label at the forge → Issue seen', unit: 'ms', samples, target: 50 };
}
