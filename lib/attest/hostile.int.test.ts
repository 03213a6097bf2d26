import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { startTrust } from '../../local/trust/index.ts';
import { person, scratch, signed, started } from '../../local/trust/trust.int-kit.ts';
import {
  AttestError,
  type AttestErrorCode,
  MAX_BUNDLE_BYTES,
  openBundle,
  openedOrRefused,
  readTrust,
  type Trust,
} from './index.ts';

const PAYLOAD = '{"says":"yes"}';

interface Wire {
  mediaType: string;
  verificationMaterial: {
    certificate?: { rawBytes: string };
    publicKey?: { hint: string };
    tlogEntries: {
      inclusionPromise?: { signedEntryTimestamp: string };
      inclusionProof?: object;
      integratedTime: string;
      canonicalizedBody: string;
    }[];
    timestampVerificationData?: { rfc3161Timestamps: { signedTimestamp: string }[] };
  };
  dsseEnvelope?: { payload: string; payloadType: string; signatures: { sig: string; keyid?: string }[] };
  messageSignature?: object;
}

const base64 = (text: string | Buffer) => Buffer.from(text).toString('base64');

/** A good bundle and the trust that takes it, made once for all that follows. */
const good = await (async () => {
  const kept: (() => unknown)[] = [];
  const t = { after: (fn: () => unknown) => kept.push(fn) } as unknown as TestContext;
  const trust = await started(t);
  const bundles = { mine: await signed(trust, PAYLOAD), other: await signed(trust, '{"says":"no"}') };
  await Promise.all(kept.map((fn) => fn()));
  return { ...bundles, trust: readTrust(JSON.stringify(trust.root)), root: trust.root as Record<string, unknown[]> };
})();

const wire = (text = good.mine): Wire => JSON.parse(text) as Wire;
const changed = (act: (bundle: Wire) => void): string => {
  const bundle = wire();
  act(bundle);
  return JSON.stringify(bundle);
};
const codeOf = (text: string, trust: Trust = good.trust): AttestErrorCode | 'taken' => {
  try {
    openBundle(text, trust);
    return 'taken';
  } catch (error) {
    if (!(error instanceof AttestError)) throw error;
    assert.match(error.message, /^[A-Z].*\.$/s);
    return error.code;
  }
};
const entry = (bundle: Wire) => bundle.verificationMaterial.tlogEntries[0]!;
const envelope = (bundle: Wire) => bundle.dsseEnvelope!;

test('an untouched bundle is taken, so that what follows is refused for what was done to it', () => {
  assert.equal(codeOf(good.mine), 'taken');
});

const hostile: [string, AttestErrorCode, () => string][] = [
  ['no JSON', 'BundleInvalid', () => 'bundle'],
  ['null', 'BundleInvalid', () => 'null'],
  ['an empty object', 'BundleInvalid', () => '{}'],
  ['more bytes than any has', 'BundleInvalid', () => good.mine + ' '.repeat(MAX_BUNDLE_BYTES)],
  [
    'an unknown media type',
    'BundleInvalid',
    () =>
      changed((one) => {
        one.mediaType = 'text/plain';
      }),
  ],
  [
    'the signature of a file in place of an envelope',
    'BundleInvalid',
    () =>
      changed((one) => {
        one.messageSignature = {
          messageDigest: { algorithm: 'SHA2_256', digest: base64('x') },
          signature: envelope(one).signatures[0]!.sig,
        };
        delete one.dsseEnvelope;
      }),
  ],
  [
    'a bare key in place of a certificate',
    'BundleInvalid',
    () =>
      changed((one) => {
        delete one.verificationMaterial.certificate;
        one.verificationMaterial.publicKey = { hint: 'mine' };
      }),
  ],
  [
    'no signature',
    'BundleInvalid',
    () =>
      changed((one) => {
        envelope(one).signatures = [];
      }),
  ],
  [
    'a second signature',
    'BundleInvalid',
    () =>
      changed((one) => {
        envelope(one).signatures.push({ sig: base64('x') });
      }),
  ],
  [
    'a payload that is no UTF-8',
    'BundleInvalid',
    () =>
      changed((one) => {
        envelope(one).payload = base64(Buffer.from([0xff, 0xfe]));
      }),
  ],
  [
    'a certificate of garbage',
    'BundleInvalid',
    () =>
      changed((one) => {
        one.verificationMaterial.certificate = { rawBytes: base64('garbage') };
      }),
  ],
  [
    'more witnesses than anybody needs',
    'BundleInvalid',
    () =>
      changed((one) => {
        one.verificationMaterial.tlogEntries = Array.from({ length: 5 }, () => entry(one));
      }),
  ],
  [
    'another payload',
    'SignatureInvalid',
    () =>
      changed((one) => {
        envelope(one).payload = base64('{"says":"other"}');
      }),
  ],
  [
    'another payload type',
    'SignatureInvalid',
    () =>
      changed((one) => {
        envelope(one).payloadType = 'text/plain';
      }),
  ],
  [
    'the envelope of another bundle of the same person',
    'SignatureInvalid',
    () =>
      changed((one) => {
        one.dsseEnvelope = wire(good.other).dsseEnvelope!;
      }),
  ],
  [
    'the certificate of another bundle of the same person',
    'SignatureInvalid',
    () =>
      changed((one) => {
        one.verificationMaterial.certificate = wire(good.other).verificationMaterial.certificate!;
      }),
  ],
  [
    'the log entry of another bundle',
    'SignatureInvalid',
    () =>
      changed((one) => {
        one.verificationMaterial.tlogEntries = wire(good.other).verificationMaterial.tlogEntries;
      }),
  ],
  [
    'the timestamp of another bundle',
    'SignatureInvalid',
    () =>
      changed((one) => {
        one.verificationMaterial.timestampVerificationData = wire(good.other).verificationMaterial
          .timestampVerificationData!;
      }),
  ],
  [
    'no log entry',
    'SignatureInvalid',
    () =>
      changed((one) => {
        one.verificationMaterial.tlogEntries = [];
      }),
  ],
  [
    'the same log entry twice',
    'SignatureInvalid',
    () =>
      changed((one) => {
        one.verificationMaterial.tlogEntries.push(entry(one));
      }),
  ],
  [
    'neither promise nor proof of the log',
    'BundleInvalid',
    () =>
      changed((one) => {
        delete entry(one).inclusionPromise;
        delete entry(one).inclusionProof;
      }),
  ],
  [
    'no witness of when',
    'SignatureInvalid',
    () =>
      changed((one) => {
        delete entry(one).inclusionPromise;
        delete one.verificationMaterial.timestampVerificationData;
      }),
  ],
  [
    'another time than the log promised',
    'SignatureInvalid',
    () =>
      changed((one) => {
        entry(one).integratedTime = String(Number(entry(one).integratedTime) + 60);
      }),
  ],
  [
    'a later time in a log entry without a promise is not counted, and its timestamp is',
    'SignatureInvalid',
    () =>
      changed((one) => {
        entry(one).integratedTime = String(Number(entry(one).integratedTime) + 86_400);
        delete one.verificationMaterial.timestampVerificationData;
        delete entry(one).inclusionPromise;
      }),
  ],
  [
    'a log entry whose body was made again',
    'SignatureInvalid',
    () =>
      changed((one) => {
        const body = JSON.parse(Buffer.from(entry(one).canonicalizedBody, 'base64').toString());
        body.spec.payloadHash.value = createHash('sha256').update('x').digest('hex');
        entry(one).canonicalizedBody = base64(JSON.stringify(body));
      }),
  ],
  [
    'a signature by another key',
    'SignatureInvalid',
    () =>
      changed((one) => {
        const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
        envelope(one).signatures[0]!.sig = base64(sign('sha256', Buffer.from(PAYLOAD), privateKey));
      }),
  ],
];
for (const [title, code, make] of hostile) {
  test(`a bundle is refused with ${code}: ${title}`, () => {
    assert.equal(codeOf(make()), code);
  });
}

test('words of a bundle that nobody signed make no sentence long, and nothing in it that a terminal would act on', () => {
  const text = changed((one) => {
    Object.assign(entry(one), { kindVersion: { kind: `\u001b[2K\u202e${'x'.repeat(9_000)}`, version: '0.0.1' } });
  });
  const answer = openedOrRefused(text, good.trust);
  assert.ok('refused' in answer);
  assert.equal(answer.refused, 'SignatureInvalid');
  assert.ok(answer.message.length < 400, String(answer.message.length));
  assert.match(answer.message, /^[\x20-\x7e]+$/);
});

test('a bundle that is packed anew tells the same key, and one of another signature another', () => {
  const packed = changed((one) => {
    delete one.verificationMaterial.timestampVerificationData;
  });
  const { key } = openBundle(good.mine, good.trust);
  assert.match(key, /^[0-9a-f]{64}$/);
  assert.equal(openBundle(packed, good.trust).key, key);
  assert.notEqual(openBundle(good.other, good.trust).key, key);
});

test('a log entry without the promise, whose time nobody signed, makes nothing younger', () => {
  const bundle = changed((one) => {
    delete entry(one).inclusionPromise;
    entry(one).integratedTime = String(Number(entry(one).integratedTime) + 86_400);
  });
  const before = openBundle(good.mine, good.trust).signedAt;
  assert.ok(openBundle(bundle, good.trust).signedAt <= before + 1_000);
});

test('a bundle of another root is refused, though that root signs under the same names', async (t) => {
  const other = await started(t);
  assert.equal(codeOf(await signed(other, PAYLOAD)), 'SignatureInvalid');
  const mixed = {
    ...good.root,
    certificateAuthorities: (other.root as Record<string, unknown>).certificateAuthorities,
  };
  assert.equal(codeOf(good.mine, readTrust(JSON.stringify(mixed))), 'SignatureInvalid');
});

test('a bundle is refused where the certificate log or the log is another, key by key', async (t) => {
  const other = (await started(t)).root as Record<string, unknown[]>;
  for (const part of ['ctlogs', 'tlogs', 'timestampAuthorities']) {
    assert.equal(
      codeOf(good.mine, readTrust(JSON.stringify({ ...good.root, [part]: other[part] }))),
      'SignatureInvalid',
      part,
    );
  }
});

test('whose word counts for the time is the policy’s to say', async (t) => {
  const trust = await started(t);
  const root = JSON.stringify(trust.root);
  const logged = await signed(trust, PAYLOAD, { timestamp: false });
  assert.equal(codeOf(logged, readTrust(root, { signedTime: 'log' })), 'taken');
  assert.equal(codeOf(logged, readTrust(root, { signedTime: 'either' })), 'taken');
  assert.equal(codeOf(logged, readTrust(root, { signedTime: 'timestamp' })), 'SignatureInvalid');
  const stamped = JSON.parse(await signed(trust, PAYLOAD)) as Wire;
  delete entry(stamped).inclusionPromise;
  assert.equal(codeOf(JSON.stringify(stamped), readTrust(root, { signedTime: 'timestamp' })), 'taken');
  assert.equal(codeOf(JSON.stringify(stamped), readTrust(root, { signedTime: 'log' })), 'SignatureInvalid');
});

test('a time in the future is told as the witnesses tell it, for the rules to refuse', async (t) => {
  const future = Date.now() + 86_400_000;
  const trust = await started(t, { now: () => new Date(future) });
  const { signedAt } = openBundle(await signed(trust, PAYLOAD), readTrust(JSON.stringify(trust.root)));
  assert.ok(Math.abs(signedAt - future) < 2_000);
});

test('the same root serves after a restart, and so does what was signed before it', async (t) => {
  const dataDir = await scratch(t);
  const once = await startTrust({ dataDir, person, signInCode: 'a code that only Ada can read', codeFile: '/code' });
  const before = await signed(once, PAYLOAD);
  await once.close();
  const again = await started(t, { dataDir });
  assert.deepEqual(again.root, once.root);
  const trust = readTrust(JSON.stringify(again.root));
  for (const bundle of [before, await signed(again, PAYLOAD)]) assert.equal(codeOf(bundle, trust), 'taken');
});

test('a trusted root that cannot verify is unreadable, and never looks like one that refuses', () => {
  for (const text of [
    '',
    '{}',
    'null',
    '[]',
    ...['certificateAuthorities', 'ctlogs', 'tlogs'].map((part) => JSON.stringify({ ...good.root, [part]: [] })),
  ]) {
    assert.throws(() => readTrust(text), { code: 'TrustUnreadable' });
  }
  const without = JSON.stringify({ ...good.root, timestampAuthorities: [] });
  assert.throws(() => readTrust(without, { signedTime: 'timestamp' }), { code: 'TrustUnreadable' });
});

test('a trusted root ends with the last entry of the part that ends first, and what has run out ends nothing', () => {
  const until = (year: number) => ({ start: '2020-01-01T00:00:00Z', end: `${year}-01-01T00:00:00Z` });
  const root = structuredClone(good.root) as Record<string, { publicKey?: { validFor: object }; validFor?: object }[]>;
  const endOf = () => readTrust(JSON.stringify(root)).expiresAt;
  const certificates = endOf()!;
  assert.ok(certificates > Date.now());
  const [log] = root.tlogs!;
  root.tlogs = [2022, 2025].map((year) => ({ ...log, publicKey: { ...log!.publicKey, validFor: until(year) } }));
  assert.equal(endOf(), Date.UTC(2025, 0));
  root.tlogs.push(log!);
  assert.equal(endOf(), certificates);
  const [authority] = root.certificateAuthorities!;
  root.certificateAuthorities = [{ ...authority, validFor: until(2024) }];
  assert.equal(endOf(), Date.UTC(2024, 0));
});

test('bytes of a bundle that are changed one at a time are never taken for another statement', () => {
  const { trust } = good;
  for (let at = 0; at < good.mine.length; at += 97) {
    const text = `${good.mine.slice(0, at)}${good.mine[at] === 'A' ? 'B' : 'A'}${good.mine.slice(at + 1)}`;
    try {
      const opened = openBundle(text, trust);
      assert.equal(opened.payload, PAYLOAD);
      assert.equal(opened.identity.subject, person.email);
    } catch (error) {
      assert.ok(error instanceof AttestError, String(error));
    }
  }
});
