import { createHash, randomUUID } from 'node:crypto';
import type { Command } from 'commander';
import { type Agent, resources } from '#crds';
import { canonicalJSON, type GrantDocument, grantStatement, wrongInGrant } from '#domain';
import { isKubeError, type KubeClient, NAMESPACES, type Resource } from '#lib/kube';
import { createTerminal, ExitCode, ExitError, plain, type Terminal } from '#lib/terminal';
import { type SigningOptions, sign, withSigningOptions } from '../approve/sign.ts';
import { openTenant, type Tenant } from '../cluster.ts';
import { checkNote } from '../note.ts';
import { type ActOptions, say, withActOptions } from './trust-say.ts';

const AGENTS: Resource<Agent> = resources.Agent;

interface GrantOptions extends ActOptions, SigningOptions {
  readonly model?: string;
  readonly clusterUid?: string;
}

/** `rig trust grant`: what a person signs. */
export function addTrustGrant(trust: Command): void {
  withSigningOptions(withActOptions(trust.command('grant')))
    .description('sign where an Agent starts in a class of work, for one that has a record elsewhere')
    .argument('<agent>', 'name of the Agent')
    .argument('<class>', 'class of work')
    .argument('<tier>', 'T1 or T2')
    .option('--model <id>', 'the model that it holds for (default: the Agent’s own)')
    .option('--cluster-uid <uid>', 'uid of the namespace kube-system, where you may not read it')
    .action(grant);
}

async function grant(name: string, taskClass: string, tier: string, options: GrantOptions): Promise<void> {
  if (tier !== 'T1' && tier !== 'T2')
    throw new ExitError(
      ExitCode.Usage,
      `${plain(tier)} is granted to nobody: T0 is where everyone starts, and T3 is driven by a person.`,
    );
  checkNote(options.note);
  const tenant = openTenant(options);
  try {
    await grantTo(tenant, { name, taskClass, tier }, options, createTerminal(options));
  } finally {
    await tenant.client.close();
  }
}

/** To whom what is granted. */
interface Granted {
  readonly name: string;
  readonly taskClass: string;
  readonly tier: GrantDocument['tier'];
}

/** Shows the grant, has it signed and says it on the Agent; or prints what would be signed. Throws ExitError. */
export async function grantTo(
  tenant: Tenant,
  granted: Granted,
  options: GrantOptions,
  terminal: Terminal,
): Promise<void> {
  const { name, taskClass, tier } = granted;
  const { client, namespace } = tenant;
  const document = await documentOf(tenant, granted, options);
  const statement = JSON.stringify(grantStatement(document, sha256));
  if (options.printStatement) return void process.stdout.write(`${statement}\n`);
  terminal.say(renderGrant(document));
  const bundle = await sign(statement, tenant, options, terminal);
  checkBundle(bundle, document);
  const recorded = await say(client, { namespace, name }, { do: 'grant', bundle }, options);
  const { model } = document;
  terminal.result(
    { ...recorded, agent: name, taskClass, tier, model },
    `${plain(name)} is trusted with ${tier} of class ${plain(taskClass)} with ${plain(model)}. ${plain(recorded.message)}`,
  );
}

/** What is signed. Throws ExitError `Usage` for what nobody would take once it is. */
async function documentOf(
  { client, namespace }: Tenant,
  { name, taskClass, tier }: Granted,
  options: GrantOptions,
): Promise<GrantDocument> {
  const { metadata, spec } = await client.get(AGENTS, { namespace, name });
  const model = options.model ?? spec.models.default?.model;
  if (model === undefined) throw new ExitError(ExitCode.Usage, `Agent ${name} names no model: say which with --model.`);
  const document: GrantDocument = {
    clusterUID: options.clusterUid ?? (await clusterUID(client)),
    namespace,
    agent: { name, uid: metadata.uid! },
    taskClass,
    model,
    tier,
    nonce: randomUUID(),
  };
  const field = wrongInGrant(document);
  if (field !== null) throw new ExitError(ExitCode.Usage, wrongSaid(field, document));
  return document;
}

function wrongSaid(field: string, { taskClass }: GrantDocument): string {
  switch (field) {
    case 'taskClass':
      return `${plain(taskClass)} is no class of work: lower-case letters, digits and dashes, at most 63.`;
    case 'model':
      return '--model is no id of a model: it has 1 to 128 characters, and no line break.';
    case 'clusterUID':
      return '--cluster-uid is no uid: it has 1 to 253 characters, and no line break.';
    default:
      return `What would be signed is no grant: its ${field} is wrong.`;
  }
}

async function clusterUID(client: KubeClient): Promise<string> {
  const namespace = await client.get(NAMESPACES, { name: 'kube-system' }).catch((error: unknown) => {
    if (!isKubeError(error, 'Forbidden')) throw error;
    throw new ExitError(
      ExitCode.Usage,
      'You may not read which cluster this is: say --cluster-uid, the uid of its namespace kube-system.',
    );
  });
  return namespace.metadata.uid!;
}

/** Everything that is granted, for the eyes of whoever signs. */
export function renderGrant({ agent, namespace, taskClass, model, tier, clusterUID: cluster }: GrantDocument): string {
  return [
    `You grant ${plain(agent.name)} of ${plain(namespace)} a start at ${tier}`,
    '',
    `  class    ${plain(taskClass)}`,
    `  model    ${plain(model)}`,
    `  agent    uid ${plain(agent.uid)}`,
    `  cluster  ${plain(cluster)}`,
  ].join('\n');
}

/** Holds what a bundle signs against what was asked for: the one that is handed in may be of another grant. Throws ExitError Usage. */
export function checkBundle(bundle: string, document: GrantDocument): void {
  let signed: Partial<GrantDocument> = {};
  try {
    const { payload } = JSON.parse(bundle).dsseEnvelope;
    signed = JSON.parse(Buffer.from(payload, 'base64').toString()).predicate.document;
  } catch {
    throw new ExitError(ExitCode.Usage, 'The bundle holds no signed grant: sign what --print-statement prints.');
  }
  const { nonce: _, ...asked } = document;
  const { nonce: __, ...found } = signed;
  if (canonicalJSON(found) !== canonicalJSON(asked))
    throw new ExitError(
      ExitCode.Usage,
      `The bundle signs something else: ${plain(JSON.stringify(found)).slice(0, 500)}.`,
    );
}

const sha256 = (text: string): string => createHash('sha256').update(text, 'utf8').digest('hex');
