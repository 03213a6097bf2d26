const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
/** npm and the terminal both deliver one Ctrl-C: two signals this close together are one wish. */
const SAME_WISH_MS = 1_000;

export interface Signals {
  /** Aborts at the first SIGINT, SIGTERM or SIGHUP. */
  readonly signal: AbortSignal;
  /** Which one it was. */
  readonly received: () => NodeJS.Signals | undefined;
  release(): void;
}

export interface SignalOptions {
  readonly now?: () => number;
  /** A second wish, after the first had its second: the person does not want to wait. */
  readonly onImpatience?: () => void;
}

/** Turns signals into an AbortSignal for as long as it is not released. */
export function watchSignals({ now = Date.now, onImpatience = () => {} }: SignalOptions = {}): Signals {
  const controller = new AbortController();
  let received: NodeJS.Signals | undefined;
  let first = 0;
  const handle = (signal: NodeJS.Signals) => {
    if (received === undefined) {
      received = signal;
      first = now();
      controller.abort(new Error(`interrupted by ${signal}`));
    } else if (now() - first > SAME_WISH_MS) onImpatience();
  };
  for (const signal of SIGNALS) process.on(signal, handle);
  return {
    signal: controller.signal,
    received: () => received,
    release: () => {
      for (const signal of SIGNALS) process.off(signal, handle);
    },
  };
}
