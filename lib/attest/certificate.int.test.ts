import 'reflect-metadata';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Extension } from '@peculiar/x509';
import { utf8 } from '../../local/trust/der.ts';
import { forger, ISSUER_V1, ISSUER_V2, issuedBy, type Wish } from './forged.int-kit.ts';
import { openBundle } from './index.ts';

const ISSUER = 'https://accounts.example.com';
const email = (value: string) => ({ type: 'email' as const, value });

const taken: [string, Wish, { subject: string; issuer: string; workflow: boolean }][] = [
  ['a mail address', {}, { subject: 'ada@example.com', issuer: ISSUER, workflow: false }],
  [
    'a URI',
    { names: [{ type: 'url', value: 'https://example.com/ada' }] },
    { subject: 'https://example.com/ada', issuer: ISSUER, workflow: false },
  ],
  [
    'the issuer in its older form',
    { issuers: [new Extension(ISSUER_V1, false, Buffer.from(ISSUER))] },
    { subject: 'ada@example.com', issuer: ISSUER, workflow: false },
  ],
  [
    'the issuer in both forms',
    { issuers: [new Extension(ISSUER_V1, false, Buffer.from(ISSUER)), issuedBy(ISSUER)] },
    { subject: 'ada@example.com', issuer: ISSUER, workflow: false },
  ],
  [
    'a look-alike, whole',
    { names: [email('ada@example.com.evil.io')] },
    { subject: 'ada@example.com.evil.io', issuer: ISSUER, workflow: false },
  ],
  [
    'a build, by the commit that it was for',
    { more: [new Extension('1.3.6.1.4.1.57264.1.3', false, Buffer.from('a'.repeat(40)))] },
    { subject: 'ada@example.com', issuer: ISSUER, workflow: true },
  ],
  [
    'a build, by where it ran',
    { more: [new Extension('1.3.6.1.4.1.57264.1.11', false, utf8('github-hosted'))] },
    { subject: 'ada@example.com', issuer: ISSUER, workflow: true },
  ],
];
for (const [title, wish, holder] of taken) {
  test(`the certificate says who signed: ${title}`, async (t) => {
    const { trust, forge } = await forger(t);
    const { identity, workflow } = openBundle(await forge(wish, '{}'), trust);
    assert.deepEqual({ ...identity, workflow }, holder);
  });
}

test('the certificate says what its name is: a mail address in a URI is not that mail address', async (t) => {
  const { trust, forge } = await forger(t);
  const kindOf = async (wish: Wish) => openBundle(await forge(wish, '{}'), trust).nameKind;
  assert.equal(await kindOf({}), 'email');
  assert.equal(await kindOf({ names: [{ type: 'url', value: 'ada@example.com' }] }), 'uri');
});

const refused: [string, string, Wish][] = [
  ['without the promise of a certificate log', 'SignatureInvalid', { promise: 'none' }],
  ['with the promise for another certificate', 'SignatureInvalid', { promise: 'other' }],
  ['signed by its own key under the authority’s name', 'SignatureInvalid', { selfSigned: true }],
  ['that had run out when it was used', 'SignatureInvalid', { from: -3_600_000 }],
  ['that is not valid yet when it was used', 'SignatureInvalid', { from: 3_600_000 }],
  [
    'with two names, the listed one last',
    'BundleInvalid',
    { names: [email('eve@example.com'), email('ada@example.com')] },
  ],
  [
    'with a name of two kinds',
    'BundleInvalid',
    { names: [email('ada@example.com'), { type: 'url', value: 'https://eve.example.com' }] },
  ],
  ['without a name', 'BundleInvalid', { names: [] }],
  ['with a host for a name', 'BundleInvalid', { names: [{ type: 'dns', value: 'ada.example.com' }] }],
  ['with a zero byte in its name', 'BundleInvalid', { names: [email('ada@example.com\0.evil.io')] }],
  ['without an issuer', 'BundleInvalid', { issuers: [] }],
  ['with two issuers', 'BundleInvalid', { issuers: [issuedBy(ISSUER), issuedBy('https://evil.io')] }],
  [
    'with another issuer in the older form',
    'BundleInvalid',
    { issuers: [new Extension(ISSUER_V1, false, Buffer.from('https://evil.io')), issuedBy(ISSUER)] },
  ],
  // Without its high bit the second letter is the "c" of the listed issuer.
  [
    'with an issuer that is the listed one only without high bits',
    'BundleInvalid',
    {
      issuers: [
        new Extension(
          ISSUER_V2,
          false,
          Buffer.concat([Buffer.from([0x0c, ISSUER.length]), Buffer.from(ISSUER.replace('ac', 'a\u00e3'), 'latin1')]),
        ),
      ],
    },
  ],
];
for (const [title, code, wish] of refused) {
  test(`a certificate is refused with ${code}: ${title}`, async (t) => {
    const { trust, forge } = await forger(t);
    const bundle = await forge(wish, '{}');
    assert.throws(() => openBundle(bundle, trust), { name: 'AttestError', code });
  });
}
