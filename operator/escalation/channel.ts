import type { Notice } from '#domain';
import { type PostOptions, post } from './post.ts';
import type { Sink } from './sinks.ts';
import { slackMessage } from './slack.ts';
import { webhookMessage } from './webhook.ts';

/**
 * A way to tell people something: the port of every kind of sink. It may be told one notice more than once, always under the same `id`; where
 * its other side has a word for that, a double is dropped there.
 */
export interface Channel {
  /** Resolves once the other side has taken the notice. Throws SinkError. */
  send(notice: Notice, signal: AbortSignal): Promise<void>;
  /** Pause that the other side asks for between two notices, in ms. */
  readonly paceMs: number;
}

export interface ChannelOptions extends PostOptions {
  readonly now: () => number;
}

/** Of incoming webhooks: one message a second. */
const SLACK_PACE_MS = 1_000;

/** The channel that a sink's configuration names. */
export function channelOf(sink: Sink, options: ChannelOptions): Channel {
  const messageOf = sink.kind === 'slack' ? slackMessage : webhookMessage;
  return {
    paceMs: sink.kind === 'slack' ? SLACK_PACE_MS : 0,
    send: (notice, signal) => post(sink, messageOf(notice, sink, options.now()), signal, options),
  };
}
