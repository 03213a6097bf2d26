import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CLIENT_SIGNER, decideSigningRequest, SERVING_SIGNER, type SigningRequest } from './node-decision.ts';
import type { CertificateRequest } from './pki.ts';

const identity = { node: 'host', bootstrapUser: 'rig:bootstrap:host', serveAs: ['127.0.0.1'] };

const csr = (spec: Partial<SigningRequest['spec']>, conditions: Array<{ type: string }> = []): SigningRequest => ({
  metadata: { name: 'csr-1' },
  spec: {
    signerName: CLIENT_SIGNER,
    username: 'rig:bootstrap:host',
    usages: ['digital signature', 'client auth'],
    request: '',
    ...spec,
  },
  status: { conditions },
});
const serving = (spec: Partial<SigningRequest['spec']> = {}) =>
  csr({
    signerName: SERVING_SIGNER,
    username: 'system:node:host',
    usages: ['digital signature', 'server auth'],
    ...spec,
  });
const asked = (more: Partial<CertificateRequest> = {}): CertificateRequest => ({
  commonName: 'system:node:host',
  organizations: ['system:nodes'],
  dnsNames: [],
  ipAddresses: [],
  others: 0,
  ...more,
});

const cases: Array<[title: string, csr: SigningRequest, asked: CertificateRequest, verdict: string]> = [
  ['the bootstrap user asks for the node’s client certificate', csr({}), asked(), 'approve'],
  ['the node renews its own client certificate', csr({ username: 'system:node:host' }), asked(), 'approve'],
  ['the node asks to serve on loopback', serving(), asked({ ipAddresses: ['127.0.0.1'] }), 'approve'],
  ['another user asks to be the node', csr({ username: 'mallory' }), asked(), 'deny'],
  ['the bootstrap user asks to serve as the node', serving({ username: 'rig:bootstrap:host' }), asked(), 'deny'],
  ['a second organisation is asked for', csr({}), asked({ organizations: ['system:nodes', 'system:masters'] }), 'deny'],
  ['no organisation is asked for', csr({}), asked({ organizations: [] }), 'deny'],
  ['a client certificate is to carry a name', csr({}), asked({ dnsNames: ['kubernetes'] }), 'deny'],
  ['the node asks to serve as the API server', serving(), asked({ dnsNames: ['kubernetes.default'] }), 'deny'],
  ['the node asks to serve on another address', serving(), asked({ ipAddresses: ['10.0.0.1'] }), 'deny'],
  ['a name of another sort is asked for', serving(), asked({ others: 1 }), 'deny'],
  ['a client certificate is to serve as well', csr({ usages: ['client auth', 'server auth'] }), asked(), 'deny'],
  ['another node asks', csr({ username: 'rig:bootstrap:other' }), asked({ commonName: 'system:node:other' }), 'ignore'],
  ['another signer is asked', csr({ signerName: 'kubernetes.io/kube-apiserver-client' }), asked(), 'ignore'],
  ['the request was decided before', csr({}, [{ type: 'Denied' }]), asked(), 'ignore'],
];

for (const [title, request, wish, verdict] of cases) {
  test(`${title}: ${verdict}`, () => assert.equal(decideSigningRequest(request, wish, identity).verdict, verdict));
}
