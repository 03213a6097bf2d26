import { checkout } from '../checkout.ts';
import { applyAll } from '../cluster/apply.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { renderKustomization } from '../cluster/manifests.ts';
import type { Context } from '../context.ts';
import type { ForgeAddress } from '../programs/forge.ts';
import { createAccounts } from './accounts.ts';
import { forgeCalls } from './forge-admin.ts';
import { agentObject, repositoryName, repositoryObject, secretObjects, TENANT } from './objects.ts';
import { seedPolicy } from './policy.ts';
import { protectRepository } from './protect.ts';
import { ensureWebhook, type Imported, importRepository } from './repository.ts';
import type { Source } from './source.ts';
import { installVerifier } from './verifier-app.ts';

/** Accounts, the repository and its tests at the forge, and how it stands there. Safe to repeat. */
export async function seedForge(
  context: Context,
  forge: ForgeAddress,
  source: Source,
  { conductorURL, verifierURL }: { readonly conductorURL: string; readonly verifierURL: string },
): Promise<Imported> {
  const calls = forgeCalls(forge, context.signal);
  await createAccounts(context.layout, calls);
  const imported = await importRepository(calls, source);
  await ensureWebhook(calls, context.layout, source, conductorURL);
  await installVerifier(calls, context.layout, forge, verifierURL);
  return imported;
}

/** The tenant's Secrets, its Repository, and the Agents of config/samples, as they are or unisolated. Safe to repeat. */
export async function seedTenant(
  context: Context,
  cluster: Cluster,
  forge: ForgeAddress,
  source: Source,
): Promise<void> {
  const samples = await renderKustomization(cluster.binary, checkout('config', 'samples'));
  const agents = samples.filter(({ kind }) => kind === 'Agent').map((agent) => agentObject(agent, context.options));
  const repository = await protectRepository(context.layout, repositoryObject(source, forge));
  const objects = [...secretObjects(context.layout, forge), repository, ...agents];
  await seedPolicy(context, cluster);
  await applyAll(cluster.client, objects, context.signal);
  context.store.update({ tenant: { namespace: TENANT, repository: repositoryName(source) } });
}
