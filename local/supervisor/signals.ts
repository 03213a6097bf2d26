const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
/** npm and the terminal both deliver one Ctrl-C: two signals this close together are one wish. */
const SAME_WISH_MS = 1_000;

export interface Signals {
  /** The first one that arrived. */
  readonly received: () => NodeJS.Signals | undefined;
  release(): void;
}

export interface SignalOptions {
  readonly now?: () => number;
  /** A second wish, after the first had its second: the person does not want to wait. */
  readonly onImpatience?: () => void;
}

/** Calls `onSignal` at the first SIGINT, SIGTERM or SIGHUP, for as long as it is not released. */
export function watchSignals(
  onSignal: (signal: NodeJS.Signals) => void,
  { now = Date.now, onImpatience = () => {} }: SignalOptions = {},
): Signals {
  let received: NodeJS.Signals | undefined;
  let first = 0;
  const handle = (signal: NodeJS.Signals) => {
    if (received === undefined) {
      received = signal;
      first = now();
      onSignal(signal);
    } else if (now() - first > SAME_WISH_MS) onImpatience();
  };
  for (const signal of SIGNALS) process.on(signal, handle);
  return {
    received: () => received,
    release: () => {
      for (const signal of SIGNALS) process.off(signal, handle);
    },
  };
}
