import { setTimeout as delay } from 'node:timers/promises';
import { type Logger, silentLogger } from '#lib/observe';
import type { Api } from './api.ts';
import { type Decision, decideSigningRequest, type NodeIdentity, type SigningRequest } from './node-decision.ts';
import type { CertificateRequest } from './pki.ts';

export interface ApproverOptions {
  readonly api: Api;
  readonly pki: { inspectRequest(pem: string): Promise<CertificateRequest> };
  readonly identity: NodeIdentity;
  readonly logger?: Logger;
  /** Time between two looks, default 100 ms: it runs only while a node starts. */
  readonly everyMs?: number;
}

export interface Approver {
  /** Ends after the look that is under way. Safe to call twice. */
  stop(): Promise<void>;
}

const PATH = '/apis/certificates.k8s.io/v1/certificatesigningrequests';

/** Approves the certificate requests of one node, and denies those that ask for too much, until it is stopped. */
export function approveNodeCertificates(options: ApproverOptions): Approver {
  const { logger = silentLogger, everyMs = 100 } = options;
  const ended = new AbortController();
  const seen = new Set<string>();
  const loop = async () => {
    while (!ended.signal.aborted) {
      await look(options, seen).catch((error) =>
        logger.warn({ error: String(error) }, 'certificate requests not read'),
      );
      await delay(everyMs, undefined, { signal: ended.signal }).catch(() => {});
    }
  };
  const running = loop();
  return {
    stop() {
      ended.abort();
      return running;
    },
  };
}

async function look({ api, pki, identity, logger = silentLogger }: ApproverOptions, seen: Set<string>): Promise<void> {
  const { items } = await api.call<{ items: SigningRequest[] }>('GET', PATH);
  for (const csr of items) {
    if (seen.has(csr.metadata.name) || (csr.status?.conditions ?? []).length > 0) continue;
    const asked = await pki.inspectRequest(Buffer.from(csr.spec.request, 'base64').toString('utf8'));
    const decision = decideSigningRequest(csr, asked, identity);
    if (decision.verdict !== 'ignore') await record(api, csr, decision);
    seen.add(csr.metadata.name);
    logger.info(
      { request: csr.metadata.name, signer: csr.spec.signerName, ...decision },
      'certificate request decided',
    );
  }
}

function record(api: Api, csr: SigningRequest, decision: Decision): Promise<unknown> {
  const approved = decision.verdict === 'approve';
  const condition = {
    type: approved ? 'Approved' : 'Denied',
    status: 'True',
    reason: approved ? 'LocalNode' : 'NotThisNode',
    message: approved ? 'The request is the local node’s own.' : `Denied: ${'why' in decision ? decision.why : ''}.`,
  };
  return api.call('PUT', `${PATH}/${csr.metadata.name}/approval`, {
    ...csr,
    status: { ...csr.status, conditions: [condition] },
  });
}
