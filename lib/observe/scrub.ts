const SECRET_KEY = /(authorization|password|passwd|secret|token|api[-_]?key|private[-_]?key|cookie)$/i;
const SECRET_VALUE =
  /\b(gh[pousr]_[A-Za-z0-9]{16,}|github_pat_\w{20,}|sk-[A-Za-z0-9_-]{16,}|eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]{8,})\b/g;
const URL_CREDENTIALS = /(\w+:\/\/)[^/\s:@]+:[^/\s@]+@/g;
const QUERY = /(https?:\/\/[^\s?#]+)\?[^\s#]*/g;
const MASK = '[redacted]';
const MAX_DEPTH = 6;

/**
 * Returns a copy of `value` that is fit for a log: values under secret-looking keys, known token shapes, credentials in URLs and
 * query strings are masked. Strings are scrubbed in place, objects and arrays up to six levels deep. Never throws.
 */
export function scrub(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return scrubText(value);
  if (value instanceof Error) return scrubError(value, depth);
  if (Array.isArray(value)) return depth < MAX_DEPTH ? value.map((item) => scrub(item, depth + 1)) : '[deep]';
  if (value === null || typeof value !== 'object') return value;
  if (depth >= MAX_DEPTH) return '[deep]';
  const entries = Object.entries(value).map(([key, item]) => [
    key,
    SECRET_KEY.test(key) && typeof item !== 'number' ? MASK : scrub(item, depth + 1),
  ]);
  return Object.fromEntries(entries);
}

function scrubText(text: string): string {
  return text.replace(URL_CREDENTIALS, `$1${MASK}@`).replace(QUERY, `$1?${MASK}`).replace(SECRET_VALUE, MASK);
}

function scrubError(error: Error, depth: number): unknown {
  return {
    type: error.name,
    message: scrubText(error.message),
    ...('code' in error ? { code: error.code } : {}),
    stack: error.stack === undefined ? undefined : scrubText(error.stack),
    ...(error.cause === undefined || depth >= MAX_DEPTH ? {} : { cause: scrub(error.cause, depth + 1) }),
  };
}
