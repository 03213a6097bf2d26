import { setTimeout as pause } from 'node:timers/promises';
import { isKubeError, type KubeClient, type KubeObject, type ObjectRef, type Resource } from '#lib/kube';
import { ExitCode, ExitError, plain } from '#lib/terminal';

const LOOK_MS = 250;

/** What a person says on an object, and how the conductor answers there. */
export interface Asking<T extends KubeObject, A> {
  readonly resource: Resource<T>;
  readonly ref: ObjectRef;
  /** The annotations that say it, with whose name; null for one that is not to be there. No two askings have the same. */
  readonly said: Readonly<Record<string, string | null>>;
  /** What the conductor has recorded of it; undefined before. */
  readonly answered: (now: T) => A | undefined;
  /** One sentence why it is of no use any more; null while it is. */
  readonly useless: (now: T) => string | null;
  /** One sentence for where somebody else's words stand there by now; without it theirs are waited for as well. */
  readonly overtaken?: string;
  /** What else helps where no conductor answers; nothing by default. */
  readonly hint?: string;
  /** What may come of it where it cannot be taken back: `begin`, `count`. */
  readonly later: string;
}

/**
 * Says it, and waits until the conductor has recorded it. Throws ExitError NotDone where it is of no use, was overtaken, or the conductor does not take it up,
 * and KubeError: then nothing of it is left on the object that could count later. Where even that fails, ExitError Environment says so.
 */
export async function ask<T extends KubeObject, A>(
  client: KubeClient,
  asking: Asking<T, A>,
  withinMs: number,
): Promise<A> {
  const { resource, ref, said, later } = asking;
  const outcome = await client
    .patch(resource, ref, { metadata: { annotations: said } })
    .then(() => untilAnswered(client, asking, withinMs))
    .catch((error: Error) => ({ why: error }));
  if ('answer' in outcome) return outcome.answer;
  const meanwhile = await takeBack(client, asking).catch((error: Error) => {
    const message = `${plain(error.message)}: the asking may stand on the ${resource.kind} ${ref.name} and ${later} later.`;
    throw new ExitError(ExitCode.Environment, message, { cause: error });
  });
  if (meanwhile !== undefined) return meanwhile;
  throw typeof outcome.why === 'string' ? new ExitError(ExitCode.NotDone, outcome.why) : outcome.why;
}

async function untilAnswered<T extends KubeObject, A>(
  client: KubeClient,
  asking: Asking<T, A>,
  withinMs: number,
): Promise<{ answer: A } | { why: string }> {
  const { resource, ref, answered, useless, overtaken, hint = '' } = asking;
  for (const until = Date.now() + withinMs; Date.now() < until; await pause(LOOK_MS)) {
    const now = await client.get(resource, ref);
    const answer = answered(now);
    if (answer !== undefined) return { answer };
    const why = useless(now) ?? (isMine(asking, now) ? undefined : overtaken);
    if (why !== undefined) return { why };
  }
  return { why: `No conductor has recorded it, and it was taken back: rig status says whether one runs${hint}.` };
}

/** Takes it off the object, unless it is another's by now. Resolves to what the conductor has recorded of it meanwhile, which stands. */
async function takeBack<T extends KubeObject, A>(client: KubeClient, asking: Asking<T, A>): Promise<A | undefined> {
  const { resource, ref, said, answered } = asking;
  const nothing = Object.fromEntries(Object.keys(said).map((name) => [name, null]));
  for (;;) {
    const now = await client.get(resource, ref);
    const answer = answered(now);
    if (answer !== undefined || !isMine(asking, now)) return answer;
    const { resourceVersion } = now.metadata;
    try {
      await client.patch(resource, ref, { metadata: { resourceVersion, annotations: nothing } });
      return undefined;
    } catch (error) {
      if (!isKubeError(error, 'Conflict')) throw error;
    }
  }
}

function isMine<T extends KubeObject>({ said }: Pick<Asking<T, unknown>, 'said'>, { metadata }: T): boolean {
  return Object.entries(said).every(([name, text]) => (metadata.annotations?.[name] ?? null) === text);
}
