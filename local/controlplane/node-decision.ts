import type { CertificateRequest } from './pki.ts';

/** The parts of a CertificateSigningRequest an approver looks at. */
export interface SigningRequest {
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly signerName: string;
    readonly username: string;
    readonly groups?: readonly string[];
    readonly usages?: readonly string[];
    /** Base64 of the PEM. */
    readonly request: string;
  };
  readonly status?: { readonly conditions?: ReadonlyArray<{ readonly type: string }> };
}

/** What one node on this machine may be given. */
export interface NodeIdentity {
  readonly node: string;
  /** The user that asks for the node's first client certificate. */
  readonly bootstrapUser: string;
  /** Names and addresses the node may serve under. */
  readonly serveAs: readonly string[];
}

export type Decision = { readonly verdict: 'approve' } | { readonly verdict: 'deny' | 'ignore'; readonly why: string };

export const CLIENT_SIGNER = 'kubernetes.io/kube-apiserver-client-kubelet';
export const SERVING_SIGNER = 'kubernetes.io/kubelet-serving';

/**
 * Whether a request is this node's own. Requests of others are ignored, so that their approver still sees them; a
 * request in this node's name that asks for anything more than it needs is denied.
 */
export function decideSigningRequest(csr: SigningRequest, asked: CertificateRequest, identity: NodeIdentity): Decision {
  const nodeUser = `system:node:${identity.node}`;
  if ((csr.status?.conditions ?? []).length > 0) return { verdict: 'ignore', why: 'already decided' };
  if (csr.spec.signerName !== CLIENT_SIGNER && csr.spec.signerName !== SERVING_SIGNER) {
    return { verdict: 'ignore', why: `signer ${csr.spec.signerName}` };
  }
  if (asked.commonName !== nodeUser) return { verdict: 'ignore', why: `asks to be ${asked.commonName}` };
  const allowed = csr.spec.signerName === CLIENT_SIGNER ? [identity.bootstrapUser, nodeUser] : [nodeUser];
  if (!allowed.includes(csr.spec.username)) return deny(`${csr.spec.username} may not ask for ${nodeUser}`);
  if (asked.organizations.length !== 1 || asked.organizations[0] !== 'system:nodes') {
    return deny(`the organisation must be system:nodes alone, not ${asked.organizations.join(', ') || 'none'}`);
  }
  return csr.spec.signerName === CLIENT_SIGNER ? decideClient(csr, asked) : decideServing(csr, asked, identity);
}

function decideClient(csr: SigningRequest, asked: CertificateRequest): Decision {
  if (names(asked).length + asked.others > 0) return deny('a client certificate carries no alternative names');
  return checkUsages(csr, 'client auth');
}

function decideServing(csr: SigningRequest, asked: CertificateRequest, identity: NodeIdentity): Decision {
  const foreign = names(asked).filter((name) => !identity.serveAs.includes(name));
  if (foreign.length > 0) return deny(`the node does not serve as ${foreign.join(', ')}`);
  if (asked.others > 0) return deny('only names and addresses may be alternative names');
  return checkUsages(csr, 'server auth');
}

function checkUsages(csr: SigningRequest, purpose: string): Decision {
  const allowed = [purpose, 'digital signature', 'key encipherment'];
  const extra = (csr.spec.usages ?? []).filter((usage) => !allowed.includes(usage));
  return extra.length > 0 ? deny(`usages beyond ${purpose}: ${extra.join(', ')}`) : { verdict: 'approve' };
}

const names = (asked: CertificateRequest) => [...asked.dnsNames, ...asked.ipAddresses];
const deny = (why: string): Decision => ({ verdict: 'deny', why });
