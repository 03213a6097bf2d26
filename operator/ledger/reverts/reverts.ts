import { setTimeout as pause } from 'node:timers/promises';
import type { Repository } from '#crds';
import type { EventStore } from '#lib/events';
import type { GitCache, Remote } from '#lib/git';
import type { Logger } from '#lib/observe';
import { remoteOf } from '../../gateway/remote.ts';
import type { Conductor } from '../../issues/context.ts';
import { repositoryKey } from '../../issues/world.ts';
import { firstParents } from './commits.ts';
import { type Measuring, measure } from './measure.ts';
import { Scanner } from './scan.ts';
import { Telling } from './telling.ts';
import { basesToRead, saveTip, type ToRead, unmeasured } from './waiting.ts';

export interface RevertsOptions {
  readonly conductor: Conductor;
  readonly store: EventStore;
  readonly cache: GitCache;
  readonly logger: Logger;
}

const POLL_MS = 5_000;
/** After a repository could not be read, and where a merged commit is not in its base branch yet. */
const AGAIN_MS = 60_000;
/** Commits of one repository that are looked through at a time. */
const AT_A_TIME = 500;

/** Reads every merged change from git, and finds what takes it back: whoever wrote that, and whatever its message says. Runs on the leader. */
export class Reverts {
  readonly #options: RevertsOptions;
  readonly #measuring: Measuring;
  readonly #notBefore = new Map<string, number>();
  #running: Promise<void> = Promise.resolve();

  constructor(options: RevertsOptions) {
    this.#options = options;
    const { log } = options.conductor;
    const telling = new Telling(log, options.store);
    this.#measuring = { log, telling, scanner: new Scanner(log.pool, telling) };
  }

  /** Looks again and again until the signal aborts. */
  start(signal: AbortSignal): void {
    if (!signal.aborted) this.#running = this.#run(signal);
  }

  async idle(): Promise<void> {
    await this.#running;
  }

  async #run(signal: AbortSignal): Promise<void> {
    for (; !signal.aborted; await pause(POLL_MS, undefined, { signal }).catch(() => {}))
      await this.lookAll(signal).catch((err: unknown) => {
        if (!signal.aborted) this.#options.logger.warn({ err }, 'base branches could not be looked through');
      });
  }

  /** Looks through every base branch that has news. One repository that cannot be read holds up no other. */
  async lookAll(signal?: AbortSignal): Promise<void> {
    const { conductor, logger } = this.#options;
    for (const base of await basesToRead(conductor.log.pool)) {
      signal?.throwIfAborted();
      const place = `${base.host}/${base.id}`;
      const repository = conductor.objects.repositories.list().find((one) => {
        const key = repositoryKey(one);
        return key?.host === base.host && key.id === base.id;
      });
      if (repository === undefined || conductor.now() < (this.#notBefore.get(place) ?? 0)) continue;
      try {
        if (!(await this.#look(repository, base, signal))) this.#notBefore.set(place, conductor.now() + AGAIN_MS);
      } catch (err) {
        this.#notBefore.set(place, conductor.now() + AGAIN_MS);
        logger.warn({ err, repository: repository.metadata.name }, 'a base branch could not be looked through');
      }
    }
  }

  /** Looks through one base branch; false where something of it has to be looked at later. */
  async #look(repository: Repository, base: ToRead, signal?: AbortSignal): Promise<boolean> {
    const { conductor, cache } = this.#options;
    const remote = await readableBy(conductor, repository);
    const branch = repository.spec.defaultBranch;
    const tip = (await cache.refresh(remote, [branch])).get(branch);
    if (tip === undefined) return false;
    const from = base.tip !== null && (await cache.bring(remote, base.tip)) ? base.tip : null;
    if (base.tip !== null && from === null) await this.#measuring.scanner.askLost(base, base.tip, tip);
    return cache.quarantine(remote, async (cwd) => {
      const { pool } = conductor.log;
      const place = { cwd, key: { host: base.host, id: base.id } };
      const commits = from === null ? [] : await firstParents(cwd, from, tip, AT_A_TIME);
      for (const commit of commits) {
        signal?.throwIfAborted();
        await this.#measuring.scanner.scan(place, commit);
        await saveTip(pool, base, commit);
      }
      const reached = commits.length < AT_A_TIME ? tip : commits.at(-1)!;
      await saveTip(pool, base, reached);
      let all = true;
      for (const change of await unmeasured(pool, base)) {
        signal?.throwIfAborted();
        all = (await measure(this.#measuring, repository, place, reached, change)) && all;
      }
      return all;
    });
  }
}

async function readableBy(conductor: Conductor, repository: Repository): Promise<Remote> {
  const { forge } = await conductor.forges.forRepository(repository);
  return remoteOf(forge, repositoryKey(repository)!, repository);
}
