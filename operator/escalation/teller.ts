import { type IssueState, type Notice, noticeOf } from '#domain';
import { type Effects, isEventsError } from '#lib/events';
import type { Metrics } from '#lib/observe';
import type { IssueLog } from '../store/log.ts';
import { SinkError } from './error.ts';
import type { Lane } from './lane.ts';
import { NOTICE_EFFECT, type NoticeRow, noticeKey, partsOf } from './rows.ts';

export interface TellerOptions {
  readonly log: IssueLog;
  /** Of its own, so that a sink that is slow takes no place from a forge; its window is longer than a channel takes. */
  readonly effects: Effects;
  readonly leader: { readonly epoch: number };
  readonly metrics: Metrics;
}

interface Steps {
  perform(): Promise<unknown>;
  find(): Promise<unknown>;
}

const moot = async () => ({ moot: true });

/** Tells sinks through the table of effects: there stands, for each sink and notice, whether it has taken it. */
export class Teller {
  readonly #options: TellerOptions;

  constructor(options: TellerOptions) {
    this.#options = options;
  }

  /** Tells the sink, unless the table says that it was told. Throws SinkError where it did not take it; what may have been taken is sent again. */
  async tell({ sink, channel }: Lane, stream: string, notice: Notice, signal: AbortSignal): Promise<void> {
    const { metrics } = this.#options;
    const count = (outcome: 'taken' | 'refused') => metrics.count('rig_notices_total', { sink: sink.name, outcome });
    try {
      await this.#run(noticeKey(sink.name, notice.id), stream, {
        perform: async () => {
          await channel.send(notice, signal);
          return {};
        },
        // Nothing can be asked of a sink: what may have been taken is sent again, under the same id.
        find: async () => undefined,
      });
      count('taken');
    } catch (error) {
      if (!isEventsError(error, 'StaleEpoch')) count('refused');
      const { cause } = error as Error;
      throw cause instanceof SinkError ? cause : error;
    }
  }

  /** Settles a notice that was begun, where it is of no use any more: the issue goes on, somebody sees to it, its sink is gone. True where it did. */
  async settle({ key, subject }: NoticeRow, sinks: ReadonlySet<string>): Promise<boolean> {
    const { sink, notice } = partsOf(key);
    const state = await this.#options.log.load({ id: subject });
    if (sinks.has(sink) && isCurrent(subject, state, notice)) return false;
    await this.#run(key, subject, { perform: moot, find: moot });
    return true;
  }

  #run(key: string, subject: string, steps: Steps): Promise<unknown> {
    const { effects, leader } = this.#options;
    const request = { key, kind: NOTICE_EFFECT, subject, epoch: leader.epoch, request: {} };
    // A receiver that did not say that it has taken it is told again: twice rather than never.
    return effects.run<object, unknown>(request, { ...steps, classify: () => 'notPerformed' });
  }
}

/** Whether this is the notice that the issue still calls for. */
export function isCurrent(stream: string, state: IssueState, notice: string): boolean {
  return noticeOf({ id: stream, namespace: '', name: '' }, state, null)?.id === notice;
}
