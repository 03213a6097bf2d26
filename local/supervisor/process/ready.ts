import { setTimeout as wait } from 'node:timers/promises';

const POLL_MS = 50;

/** Resolves when a GET of `url` answers 200; asks every 50 ms. Rejects only when `signal` aborts. */
export async function untilAnswers(url: string, signal: AbortSignal): Promise<void> {
  for (;;) {
    signal.throwIfAborted();
    const status = await fetch(url, { signal: AbortSignal.timeout(2_000) }).then(
      async (response) => {
        await response.body?.cancel();
        return response.status;
      },
      () => 0,
    );
    if (status === 200) return;
    await wait(POLL_MS, undefined, { signal });
  }
}
