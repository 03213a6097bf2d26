import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Hono } from 'hono';
import { readBounded } from '#lib/http';
import type { Context } from '../context.ts';
import { objectsApart } from '../git/index.ts';
import { type Actor, unmetByPush } from '../model/index.ts';
import { pushWords } from '../protection/index.ts';
import { repositoryPage } from '../render/index.ts';
import type { RepositoryRow } from '../store/index.ts';

const MAX_BODY_BYTES = 16 * 1024 * 1024;
const SCRIPT = fileURLToPath(new URL('pre-receive.ts', import.meta.url));
/** Where the hook reaches the gate, under the forge's own address. */
export const GATE_PATH = '/_gate';

interface Push {
  readonly repo: RepositoryRow;
  readonly actor: Actor;
}

interface Asked {
  readonly lines: string;
  readonly objects: Readonly<Record<string, string>>;
}

/**
 * Decides about pushes over git: git itself asks, before it moves a ref, through a hook that knows a secret of this one push. Only
 * repositories with rules pay for the hook.
 */
export class PushGate {
  readonly #ctx: Context;
  readonly #hooks: string;
  readonly #open = new Map<string, Push>();

  /** `hooksDir` is written anew at each start: it names this installation's Node. */
  constructor(ctx: Context, hooksDir: string) {
    this.#ctx = ctx;
    this.#hooks = hooksDir;
    mkdirSync(hooksDir, { recursive: true });
    const hook = join(hooksDir, 'pre-receive');
    writeFileSync(hook, '#!/bin/sh\nexec "$RIG_FORGE_GATE_NODE" "$RIG_FORGE_GATE_SCRIPT"\n');
    chmodSync(hook, 0o755);
  }

  /** Runs a push with the environment its git needs, which is valid no longer than that. */
  async guard(push: Push, work: (env: Record<string, string>) => Promise<void>): Promise<void> {
    if (!this.#hasRules(push.repo)) return work({});
    const token = randomBytes(24).toString('base64url');
    this.#open.set(token, push);
    try {
      await work({
        GIT_CONFIG_COUNT: '1',
        GIT_CONFIG_KEY_0: 'core.hooksPath',
        GIT_CONFIG_VALUE_0: this.#hooks,
        RIG_FORGE_GATE_NODE: process.execPath,
        RIG_FORGE_GATE_SCRIPT: SCRIPT,
        RIG_FORGE_GATE_URL: `${this.#ctx.html}${GATE_PATH}`,
        RIG_FORGE_GATE_TOKEN: token,
      });
    } finally {
      this.#open.delete(token);
    }
  }

  app(): Hono {
    const app = new Hono();
    app.post('/', async (c) => {
      const push = this.#open.get((c.req.header('authorization') ?? '').replace(/^Bearer /, ''));
      if (push === undefined) return c.text('No push of that token is under way.\n', 401);
      const asked = JSON.parse((await readBounded(c.req.raw, MAX_BODY_BYTES)).toString()) as Asked;
      const words = await this.#decide(push, asked);
      return words === '' ? c.body(null, 204) : c.text(words, 403);
    });
    return app;
  }

  #hasRules(repo: RepositoryRow): boolean {
    const { protections, rulesets } = this.#ctx.store;
    const where = { repoId: repo.id };
    return protections.count(where) + rulesets.count({ ...where, enforcement: 'active' }) > 0;
  }

  async #decide({ repo, actor }: Push, { lines, objects }: Asked): Promise<string> {
    const git = objectsApart(this.#ctx.git(repo).dir, objects);
    const page = repositoryPage(this.#ctx, repo);
    let words = '';
    for (const line of lines.split('\n').filter(Boolean)) {
      const [old = '', next = '', ...ref] = line.split(' ');
      const update = { old, next, ref: ref.join(' ') };
      const unmet = await unmetByPush(this.#ctx, repo, actor, git, update);
      if (unmet.length > 0) words += pushWords(update.ref, unmet, page);
    }
    return words;
  }
}
