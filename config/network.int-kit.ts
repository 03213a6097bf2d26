import { BlockList, isIPv4 } from 'node:net';

type Labels = Readonly<Record<string, string>>;

/** A pod, or an address outside of the cluster's pods. */
export type End =
  | { readonly namespace: string; readonly of: Labels; readonly labels: Labels }
  | { readonly ip: string };

interface Selector {
  readonly matchLabels?: Labels;
  readonly matchExpressions?: readonly { key: string; operator: string; values?: readonly string[] }[];
}
interface Peer {
  readonly podSelector?: Selector;
  readonly namespaceSelector?: Selector;
  readonly ipBlock?: { cidr: string; except?: readonly string[] };
}
interface Rule {
  readonly from?: readonly Peer[];
  readonly to?: readonly Peer[];
  readonly ports?: readonly { protocol?: string; port?: number }[];
}
export interface NetworkPolicy {
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly spec: {
    readonly podSelector: Selector;
    readonly policyTypes: readonly ('Ingress' | 'Egress')[];
    readonly ingress?: readonly Rule[];
    readonly egress?: readonly Rule[];
  };
}

/**
 * Whether `from` may open a connection to `to`: a side that some policy selects must be allowed by one that selects it (Kubernetes,
 * "Network Policies"). Ports are numbers, addresses are not those of pods.
 */
export function mayReach(policies: readonly NetworkPolicy[], from: End, to: End, port: string): boolean {
  return passes(policies, 'Egress', from, to, port) && passes(policies, 'Ingress', to, from, port);
}

function passes(policies: readonly NetworkPolicy[], type: 'Ingress' | 'Egress', own: End, other: End, port: string) {
  const selecting = policies.filter(
    ({ metadata, spec }) =>
      'labels' in own &&
      metadata.namespace === own.namespace &&
      spec.policyTypes.includes(type) &&
      selects(spec.podSelector, own.labels),
  );
  if (selecting.length === 0) return true;
  return selecting.some(({ metadata, spec }) =>
    ((type === 'Egress' ? spec.egress : spec.ingress) ?? []).some((rule) => {
      const peers = type === 'Egress' ? rule.to : rule.from;
      return (
        covers(rule, port) && (peers === undefined || peers.some((peer) => isPeer(peer, metadata.namespace, other)))
      );
    }),
  );
}

function covers({ ports }: Rule, wanted: string): boolean {
  return ports === undefined || ports.some(({ protocol = 'TCP', port }) => `${protocol}/${port}` === wanted);
}

function isPeer(peer: Peer, home: string, end: End): boolean {
  if (peer.ipBlock !== undefined) return 'ip' in end && isInside(peer.ipBlock, end.ip);
  if (!('labels' in end)) return false;
  const namespace =
    peer.namespaceSelector === undefined ? end.namespace === home : selects(peer.namespaceSelector, end.of);
  return namespace && selects(peer.podSelector ?? {}, end.labels);
}

function selects({ matchLabels = {}, matchExpressions = [] }: Selector, labels: Labels): boolean {
  const has = (key: string) => Object.hasOwn(labels, key);
  return (
    Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
    matchExpressions.every(({ key, operator }) => {
      if (operator === 'Exists') return has(key);
      if (operator === 'DoesNotExist') return !has(key);
      throw new Error(`the evaluator does not know ${operator}`);
    })
  );
}

function isInside({ cidr, except = [] }: { cidr: string; except?: readonly string[] }, ip: string): boolean {
  const family = isIPv4(ip) ? 'ipv4' : 'ipv6';
  const holds = (range: string) => {
    const [address = '', bits] = range.split('/');
    const list = new BlockList();
    list.addSubnet(address, Number(bits), isIPv4(address) ? 'ipv4' : 'ipv6');
    return isIPv4(address) === isIPv4(ip) && list.check(ip, family);
  };
  return holds(cidr) && !except.some(holds);
}
