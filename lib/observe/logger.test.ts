import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { withCorrelation } from './correlation.ts';
import { createLogger } from './logger.ts';

const CORE = 'q7RtVbN3xZ8kLmW2pYs5Df9Hc4Jg6Ae1';
/** Texts in which {@link CORE} is the secret, as they reach a program. */
const SECRETS = [
  `ghp_${CORE}`,
  `github_pat_${CORE}`,
  `sk-ant-${CORE}`,
  `eyJhbGciOiJFZERTQSJ9.${CORE}.${CORE}`,
  `Authorization: Bearer ${CORE}`,
  `proxy-authorization: basic ${CORE}=`,
  `postgres://rig:${CORE}@127.0.0.1:5432/rig`,
  `redis://:p@${CORE}@host/0`,
  `https://${CORE}@github.com/acme/minimist.git`,
  `https://example.org/x?signature=${CORE}`,
  `PGPASSWORD=${CORE} psql`,
  `{"token":"${CORE}"}`,
  `-----BEGIN PRIVATE KEY-----\n${CORE}\n-----END PRIVATE KEY-----`,
  `-----BEGIN EC PRIVATE KEY-----\n${CORE}`,
];

function open() {
  const lines: string[] = [];
  const logger = createLogger('test', 'trace', { write: (line) => void lines.push(line) });
  return { lines, logger, records: () => lines.map((line) => JSON.parse(line) as Record<string, unknown>) };
}

test('wherever in a record a secret turns up, and whatever stands around it, it is not in the line', () => {
  const text = fc.tuple(fc.constantFrom('', 'failed: ', '"', '(', 'x '), fc.constantFrom(...SECRETS), fc.string());
  fc.assert(
    fc.property(text, ([before, secret, after]) => {
      const { lines, logger } = open();
      const told = `${before}${secret} ${after}`;
      const error = Object.assign(new Error(told, { cause: new Error(told) }), { code: told });
      logger.info(told);
      logger.info({ deep: { list: [told] }, map: new Map([['a', told]]), headers: new Headers({ a: 'b' }) }, told);
      logger.warn({ err: error }, 'said %s and %o', told, { told });
      logger.error(error);
      logger.child({ told }).info('as a binding');
      logger.child({}, { msgPrefix: 'p ' }).info(told);
      assert.equal(lines.length, 6);
      for (const line of lines) assert.ok(!line.includes(CORE), line);
    }),
  );
});

test('values that only their name tells for secrets are masked, in headers too', () => {
  const { lines, logger } = open();
  const headers = { 'proxy-authorization': CORE, 'set-cookie': [CORE], 'x-api-key': CORE };
  logger.info({ headers, same: new Headers({ authorization: CORE }), credentials: { user: CORE }, passphrase: CORE });
  assert.ok(!lines[0]?.includes(CORE), lines[0]);
});

test('what people need to read stays: prose, hosts, counts, moments, ids', () => {
  const { records, logger } = open();
  const fields = {
    host: 'registry.example.org:443',
    tokens: { input: 12 },
    at: new Date(0),
    url: 'http://127.0.0.1:3000/acme?page=2',
    bytes: Buffer.from('abc'),
    sha: 'a'.repeat(40),
    ready: true,
  };
  const message =
    'Bearer authentication is asked for; the token of task a-1 is missing: set a password, see mail@example.org.';
  logger.info(fields, message);
  assert.deepEqual(
    { ...records()[0], time: 0 },
    {
      ...{ level: 30, time: 0, name: 'test', msg: message },
      ...{
        ...fields,
        at: '1970-01-01T00:00:00.000Z',
        url: 'http://127.0.0.1:3000/acme?[redacted]',
        bytes: '[3 bytes]',
      },
    },
  );
});

test('a line written in work for an issue has its id, another has none', () => {
  const { records, logger } = open();
  logger.info('before');
  withCorrelation('0199a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b', () => logger.info('within'));
  assert.deepEqual(
    records().map(({ msg, correlationId }) => [msg, correlationId]),
    [
      ['before', undefined],
      ['within', '0199a1b2c3d47e5f8a9b0c1d2e3f4a5b'],
    ],
  );
});
