import { randomUUID } from 'node:crypto';
import type { Command } from 'commander';
import { type Agent, annotations, resources } from '#crds';
import type { KubeClient, KubeObject, ObjectRef, Resource } from '#lib/kube';
import { ExitCode, ExitError } from '#lib/terminal';
import { ask } from '../asking.ts';
import type { TenantOptions } from '../cluster.ts';
import { checkNote } from '../note.ts';
import { withCommonOptions } from '../options.ts';
import { whoAmI } from '../who.ts';

const AGENTS = resources.Agent as Resource<Agent & KubeObject>;
const WITHIN_MS = 30_000;

export interface ActOptions extends TenantOptions {
  readonly note?: string;
}

/** The options of every command with which a person speaks. */
export function withActOptions(command: Command): Command {
  return withCommonOptions(command)
    .option('--note <text>', 'why, for those who read the log')
    .option('--namespace <name>', 'the tenant namespace (default: the rig’s own)')
    .option('--context <name>', 'a rig that is installed in the cluster of this context of your kubeconfig');
}

/** What is said, as it stands on the Agent until the conductor has recorded it. */
export type Words =
  | { readonly do: 'ack'; readonly model: string }
  | { readonly do: 'grant'; readonly bundle: string }
  /** `change`: the beginning of the commit that is meant; left out, the one that it must be about. */
  | { readonly do: 'fault' | 'clear'; readonly issue: string; readonly change?: string };

/** What a person said, and that it is in the log. */
export interface Recorded {
  readonly act: string;
  readonly by: string;
  readonly message: string;
}

/**
 * Says it on the Agent under the name of whoever asks, and waits until the conductor has recorded it. The words name the Agent by its uid: they mean
 * nothing on another one. Throws ExitError NotDone where the conductor refuses it, with its reason, or does not take it up, and KubeError: then nothing of
 * it is left that could count later. Where even that fails, ExitError Environment says so.
 */
export async function say(
  client: KubeClient,
  ref: ObjectRef,
  words: Words,
  { note, withinMs = WITHIN_MS }: { note?: string | undefined; withinMs?: number } = {},
): Promise<Recorded> {
  checkNote(note);
  const id = randomUUID();
  const by = await whoAmI(client);
  const { metadata: named } = await client.get(AGENTS, ref);
  const text = JSON.stringify({ id, agent: named.uid, ...words, ...(note === undefined ? {} : { note }) });
  const { taken, message } = await ask(
    client,
    {
      resource: AGENTS,
      ref,
      said: { [annotations.trust]: text, [annotations.trustBy]: by },
      answered: ({ status }) => (status?.trust?.act === id ? status.trust : undefined),
      useless: () => null,
      overtaken: `Somebody said something else of ${ref.name} at the same moment: say it again.`,
      later: 'count',
    },
    withinMs,
  );
  if (!taken) throw new ExitError(ExitCode.NotDone, message);
  return { act: id, by, message };
}
