import { isKubeError, type KubeClient } from '#lib/kube';
import { compareMoments, type LogLine, type LogSource } from './line.ts';

/** The runtime's container; what a model's commands print is in the runtime's own lines. */
const CONTAINER = 'agent';
const MAX_BYTES = 64 * 2 ** 20;

export interface PodRef {
  readonly namespace: string;
  readonly name: string;
}

/** The log of one task's pod through the API server; nothing while its container has not started or its pod is gone. */
export class PodSource implements LogSource {
  readonly #client: Pick<KubeClient, 'podLogs'>;
  readonly #pod: PodRef;
  readonly #task: string;
  readonly #sinceSeconds: number | undefined;
  readonly #now: () => number;
  #gone = false;
  #askedAt: number | undefined;
  /** The newest moment told, and how many lines of that very moment. */
  #last = { at: '', count: 0 };

  constructor(
    client: Pick<KubeClient, 'podLogs'>,
    pod: PodRef,
    options: { task: string; sinceSeconds?: number | undefined; now?: () => number },
  ) {
    this.#client = client;
    this.#pod = pod;
    this.#task = options.task;
    this.#sinceSeconds = options.sinceSeconds;
    this.#now = options.now ?? Date.now;
  }

  /** Whether the pod was no longer there when it was last asked for. */
  get gone(): boolean {
    return this.#gone;
  }

  async read(): Promise<LogLine[]> {
    const now = this.#now();
    // Clocks of node and person differ a little, so more is asked for than is new.
    const sinceSeconds =
      this.#askedAt === undefined ? this.#sinceSeconds : Math.ceil((now - this.#askedAt) / 1_000) + 10;
    const text = await this.#client
      .podLogs(this.#pod, { container: CONTAINER, timestamps: true, sinceSeconds, limitBytes: MAX_BYTES })
      .catch((error: unknown) => {
        if (!isKubeError(error, 'NotFound', 'BadRequest')) throw error;
        this.#gone = isKubeError(error, 'NotFound');
        return undefined;
      });
    if (text === undefined) return [];
    this.#askedAt = now;
    return this.#fresh(linesOf(text, this.#task));
  }

  #fresh(lines: readonly LogLine[]): LogLine[] {
    let same = 0;
    const fresh = lines.filter(({ at }) => {
      if (at !== this.#last.at) return this.#last.at === '' || compareMoments(at, this.#last.at) > 0;
      same += 1;
      return same > this.#last.count;
    });
    const newest = fresh.at(-1)?.at;
    if (newest !== undefined) this.#last = { at: newest, count: lines.filter(({ at }) => at === newest).length };
    return fresh;
  }
}

/** What the kubelet answers with timestamps: the moment, a space, the line. */
function linesOf(text: string, source: string): LogLine[] {
  return text.split('\n').flatMap((line) => {
    const space = line.indexOf(' ');
    if (line === '' || Number.isNaN(Date.parse(line.slice(0, Math.max(space, 0))))) return [];
    return [{ at: line.slice(0, space), source, text: line.slice(space + 1) }];
  });
}
