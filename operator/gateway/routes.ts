import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import type { Context } from 'hono';
import { pushRefusal } from '#domain';
import { isEventsError } from '#lib/events';
import type { GitCache, Remote } from '#lib/git';
import { HttpError, readBounded } from '#lib/http';
import { traced } from '#lib/observe';
import { deadFence, liveCall, type TaskCall } from '../api/caller.ts';
import { record, targetOf } from '../api/deliver.ts';
import { requireStartTold } from '../api/start.ts';
import type { Conductor } from '../issues/context.ts';
import { gitURL } from '../repositories/name.ts';
import type { TaskIdentity } from '../tokens/signer.ts';
import { forwardedFrom } from './forwarded.ts';
import { advertisement, PktError, parseReceive, type ReceiveCommands, report, ZERO } from './pkt.ts';
import { forwardPush, PushRefused, soleUpdate } from './push.ts';
import { remoteOf } from './remote.ts';

/** Bytes of a push, before and after decompression. */
const MAX_PUSH = 64 * 1024 * 1024;
const PUSH_RESULT = 'application/x-git-receive-pack-result';
const MAX_FETCH_REQUEST = 8 * 1024 * 1024;

/**
 * Smart HTTP for one task: fetch passes through to the forge read-only under the conductor's identity; a push is taken apart, checked and
 * forwarded under the Agent's. No forge credential reaches the task.
 */
export class GitGateway {
  readonly #conductor: Conductor;
  readonly #cache: GitCache;

  constructor(conductor: Conductor, cache: GitCache) {
    this.#conductor = conductor;
    this.#cache = cache;
  }

  /** GET …/git/info/refs?service= */
  async refs(context: Context, identity: TaskIdentity): Promise<Response> {
    const call = await liveCall(this.#conductor, identity);
    const service = context.req.query('service');
    if (service === 'git-upload-pack')
      return this.#passThrough(context, call, 'info/refs?service=git-upload-pack', undefined);
    if (service !== 'git-receive-pack')
      throw new HttpError('Forbidden', 'DumbHTTP', 'Only smart HTTP is served here; use a git client of this century.');
    this.#requireWriter(call);
    const { branch, base, tip } = await this.#tips(call);
    // git will find a tip that it has pushed before up to date, and push no more.
    if (tip !== null) await this.#recordForwarded(call, branch, tip, base);
    const refs = [
      { ref: `refs/heads/${call.repository.spec.defaultBranch}`, sha: base },
      ...(tip === null ? [] : [{ ref: `refs/heads/${branch}`, sha: tip }]),
    ];
    return bytes(context, advertisement(refs), 'application/x-git-receive-pack-advertisement');
  }

  /** POST …/git/git-upload-pack */
  async fetch(context: Context, identity: TaskIdentity): Promise<Response> {
    const call = await liveCall(this.#conductor, identity);
    return this.#passThrough(context, call, 'git-upload-pack', await readBounded(context.req.raw, MAX_FETCH_REQUEST));
  }

  /** POST …/git/git-receive-pack */
  async push(context: Context, identity: TaskIdentity): Promise<Response> {
    const call = await liveCall(this.#conductor, identity);
    this.#requireWriter(call);
    const body = await pushBody(context);
    const commands = parsed(body);
    // Before a large push git sends an empty one, to see whether it may.
    if (commands.updates.length === 0) return bytes(context, report(commands, null), PUSH_RESULT);
    const refusal = await traced('git push', { kind: 'server', attributes: { 'rig.task': call.task.name } }, () =>
      this.#forward(call, commands, body.subarray(commands.packStart)),
    ).then(
      () => null,
      (error: unknown) => {
        if (error instanceof PushRefused || isEventsError(error, 'EffectRefused')) return error.message;
        throw error;
      },
    );
    return bytes(context, report(commands, refusal), PUSH_RESULT);
  }

  #requireWriter(call: TaskCall): void {
    if (call.task.lane !== 'work' || call.task.kind === 'plan')
      throw new HttpError(
        'Forbidden',
        'NotThisTask',
        `A ${call.task.kind} task may not push. ${call.task.name} reads the repository, and says what it has to say to the conductor.`,
      );
  }

  /** Throws {@link PushRefused} where the work is graded so that nothing of the task is taken any more. */
  async #requireTaken({ state, task, key, subject }: TaskCall): Promise<void> {
    const { mirror, log } = this.#conductor;
    const number = task.kind === 'prepare' ? state.pullRequest?.number : undefined;
    const shown = number === undefined ? null : (await mirror.pull(log.pool, key, number)).facts;
    const draft = shown?.known ? shown.value.draft : null;
    const refusal = pushRefusal(state, task, { name: subject.name, draft });
    if (refusal !== null) throw new PushRefused('IrreversibleTier', refusal);
  }

  async #forward(call: TaskCall, commands: ReceiveCommands, pack: Buffer): Promise<void> {
    const { remote, branch, base, tip } = await this.#tips(call);
    const update = soleUpdate(commands, { task: call.task.name, branch });
    const move = { from: update.old === ZERO ? null : update.old, to: update.new };
    await this.#requireTaken(call);
    if (tip === update.new) return this.#recordForwarded(call, branch, tip, base);
    if (tip === null) await requireStartTold(this.#conductor, call, branch);
    const target = await targetOf(this.#conductor, call);
    await forwardPush({
      cache: this.#cache,
      remote,
      update,
      branch,
      base,
      tip,
      pack,
      forward: async (push) => {
        // The fence is asked once more right before the forge changes: a claim may have ended while the pack was read.
        await this.#requireTaken(await liveCall(this.#conductor, call.identity));
        await this.#conductor.writes.forwardHead(target, branch, move, push);
      },
    });
    await record(this.#conductor, call, { type: 'headForwarded', branch, ...move, base });
  }

  /** Records a tip that this gateway forwarded and a crash kept from the log. One that came another way is none of the task's. */
  async #recordForwarded(call: TaskCall, branch: string, tip: string, base: string): Promise<void> {
    // Asked of this branch: an attempt that had nothing to add to the one before it ends at the same head, on a branch of its own.
    if (call.state.forwarded.findLast((one) => one.branch === branch)?.sha === tip) return;
    const made = await forwardedFrom(this.#conductor.log.pool, call.subject.id, branch, tip);
    if (made === undefined) return;
    // Whoever pushed may have died before it could say so.
    await this.#conductor.writes.headArrived(await targetOf(this.#conductor, call), made.key, branch, made.move);
    await record(this.#conductor, call, { type: 'headForwarded', branch, ...made.move, base });
  }

  async #tips(call: TaskCall): Promise<{ remote: Remote; branch: string; base: string; tip: string | null }> {
    const remote = await this.#remote(call);
    const branch = call.state.work?.branch;
    if (branch === undefined) throw deadFence(call.task.name);
    const { defaultBranch } = call.repository.spec;
    const tips = await this.#cache.refresh(remote, [defaultBranch, branch]);
    const base = tips.get(defaultBranch);
    if (base === undefined)
      throw new HttpError('Unprocessable', 'NoBaseBranch', `The repository has no branch ${defaultBranch}.`);
    return { remote, branch, base, tip: tips.get(branch) ?? null };
  }

  async #remote(call: TaskCall): Promise<Remote> {
    const { forge } =
      call.task.lane === 'work'
        ? await this.#conductor.forges.forAgent(call.agent, call.repository)
        : await this.#conductor.forges.forRepository(call.repository);
    return remoteOf(forge, call.key, call.repository);
  }

  async #passThrough(context: Context, call: TaskCall, path: string, body: Buffer | undefined): Promise<Response> {
    const { forge } = await this.#conductor.forges.forRepository(call.repository);
    const { headerName, headerValue } = await forge.gitAuthorization();
    const headers: Record<string, string> = { [headerName]: headerValue, 'user-agent': 'git/rig-conductor' };
    for (const name of ['git-protocol', 'content-type', 'content-encoding', 'accept']) {
      const value = context.req.header(name);
      if (value !== undefined) headers[name] = value;
    }
    const request: RequestInit = { method: body === undefined ? 'GET' : 'POST', headers, redirect: 'error' };
    if (body !== undefined) request.body = new Uint8Array(body);
    const answer = await fetch(`${gitURL(call.repository)}/${path}`, request).catch((cause: unknown) => {
      throw new HttpError('BadGateway', 'ForgeUnreachable', 'The forge does not answer; ask again.', {
        cause,
        retryAfterSeconds: 2,
      });
    });
    if (!answer.ok) {
      await answer.body?.cancel();
      throw new HttpError('BadGateway', 'ForgeRefused', `The forge answered ${answer.status} to a fetch.`);
    }
    const type = answer.headers.get('content-type') ?? 'application/octet-stream';
    return new Response(answer.body, { status: 200, headers: { 'content-type': type, 'cache-control': 'no-cache' } });
  }
}

const unzip = promisify(gunzip) as (data: Buffer, options: { maxOutputLength: number }) => Promise<Buffer>;

async function pushBody(context: Context): Promise<Buffer> {
  const raw = await readBounded(context.req.raw, MAX_PUSH);
  if (context.req.header('content-encoding') !== 'gzip') return raw;
  try {
    return await unzip(raw, { maxOutputLength: MAX_PUSH });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE')
      throw new HttpError('TooLarge', 'BodyTooLarge', `The push unpacks to more than ${MAX_PUSH} bytes; push less.`);
    throw new HttpError('BadRequest', 'BadEncoding', 'The push is not valid gzip.', { cause });
  }
}

function parsed(body: Buffer): ReceiveCommands {
  try {
    return parseReceive(body);
  } catch (cause) {
    if (cause instanceof PktError)
      throw new HttpError('BadRequest', 'NotAPush', `This is no push: ${cause.message}.`, { cause });
    throw cause;
  }
}

function bytes(context: Context, body: Buffer, type: string): Response {
  return context.body(new Uint8Array(body), 200, { 'content-type': type, 'cache-control': 'no-cache' });
}
