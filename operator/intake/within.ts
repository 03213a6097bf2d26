import { ForgeError } from '#lib/forge';

/**
 * What `ask` answers, or ForgeError Timeout after `ms`: a forge that keeps one waiting is to hold up nobody for long. What was begun goes on
 * unheard, so it must be safe to repeat.
 */
export async function within<T>(ms: number, ask: () => Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => reject(new ForgeError('Timeout', `The forge did not say within ${ms / 1_000} s; it is asked again later.`)),
    ms,
  );
  try {
    return await Promise.race([ask(), promise]);
  } finally {
    clearTimeout(timer);
  }
}
