const SECRET_KEY =
  /(authorization|password|passwd|passphrase|secret|token|credentials?|api[-_]?key|private[-_]?key|cookie)$/i;
/** Texts that are a secret whatever stands around them. */
const SHAPES = [
  /\b(?:gh[pousr]_[A-Za-z0-9]{16,}|github_pat_\w{20,}|glpat-[\w-]{16,}|npm_[A-Za-z0-9]{30,}|sk-[A-Za-z0-9_-]{16,})/g,
  /\b(?:xox[abeprs]-[A-Za-z0-9-]{10,}|A[KS]IA[0-9A-Z]{16}|AIza[\w-]{30,}|AGE-SECRET-KEY-[0-9A-Z]{20,})/g,
  /\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]{8,}/g,
  /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g,
];
/** A digit tells credentials from prose such as "Bearer authentication". */
const SCHEME = /\b(Basic|Bearer) +(?=[^\s"',]*\d)[^\s"',]{8,}/gi;
/** As in an environment, a form or a JSON text. */
const ASSIGNED =
  /((?:authorization|password|passwd|passphrase|secret|token|api[-_]?key)(?:=|["']\s*:\s*["']))[^\s"'&,;]{4,}/gi;
const URL_CREDENTIALS = /\b([a-z][\w+.-]{0,19}:\/\/)[^\s/?#"']+@/gi;
const QUERY = /\b(https?:\/\/[^\s?#]{1,2048})\?[^\s#]*/g;
const MASK = '[redacted]';
const MAX_DEPTH = 6;
/** What a text may take in a log; also bounds what looking through it costs. */
const MAX_TEXT = 16_384;

/**
 * Returns a copy of `value` that is fit for a log: values under secret-looking keys, known shapes of tokens and keys, credentials in
 * URLs, headers and assignments, and query strings are masked; bytes are told by their number. Strings are cut after 16,384
 * characters; objects and arrays are read six levels deep. Never throws.
 */
export function scrub(value: unknown): unknown {
  try {
    return clean(value, 0);
  } catch {
    return '[unreadable]';
  }
}

/** As {@link scrub} for a text. */
export function scrubText(text: string): string {
  const short = text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}… (cut)` : text;
  const masked = short
    .replace(URL_CREDENTIALS, `$1${MASK}@`)
    .replace(QUERY, `$1?${MASK}`)
    .replace(SCHEME, `$1 ${MASK}`)
    .replace(ASSIGNED, `$1${MASK}`);
  return SHAPES.reduce((rest, shape) => rest.replace(shape, MASK), masked);
}

function clean(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return scrubText(value);
  if (value === null || typeof value !== 'object') return value;
  if (value instanceof Error) return cleanError(value, depth);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  if (value instanceof URL) return scrubText(value.href);
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  if (depth >= MAX_DEPTH) return '[deep]';
  if (Array.isArray(value)) return value.map((item) => clean(item, depth + 1));
  const pairs = value instanceof Map || value instanceof Headers ? [...value] : Object.entries(value);
  return Object.fromEntries(pairs.map(([key, item]) => [key, cleanField(String(key), item, depth + 1)]));
}

function cleanField(key: string, item: unknown, depth: number): unknown {
  return SECRET_KEY.test(key) && typeof item !== 'number' && typeof item !== 'boolean' ? MASK : clean(item, depth);
}

function cleanError(error: Error, depth: number): unknown {
  return {
    type: error.name,
    message: scrubText(error.message),
    ...('code' in error ? { code: clean(error.code, MAX_DEPTH) } : {}),
    stack: error.stack === undefined ? undefined : scrubText(error.stack),
    ...(error.cause === undefined || depth >= MAX_DEPTH ? {} : { cause: clean(error.cause, depth + 1) }),
  };
}
