import { BlockList, isIPv4, isIPv6 } from 'node:net';

/** Whether an address may be connected to. */
export type AddressRule = (address: string) => boolean;

/** Special-purpose ranges (IANA registry, RFC 6890): this host, private, shared, link-local with its metadata service, multicast, reserved. */
export const INSIDE_V4 = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '224.0.0.0/4',
  '240.0.0.0/4',
];
/** The one range of global unicast; loopback, link-local, unique local, IPv4-mapped and translated addresses are outside of it. */
export const GLOBAL_V6 = '2000::/3';
/** Inside of it, but carrying IPv4 addresses of their own: Teredo and 6to4. */
export const TUNNELS_V6 = ['2001::/32', '2002::/16'];

/**
 * Refuses every address that is not a public one, and those of `deny`; `allow` goes before both. All in CIDR form. Throws an Error
 * that names a range which is none.
 */
export function addressRule(ranges: { allow?: readonly string[]; deny?: readonly string[] } = {}): AddressRule {
  const allowed = blockList(ranges.allow ?? []);
  const refused = blockList([...INSIDE_V4, ...TUNNELS_V6, ...(ranges.deny ?? [])]);
  const global = blockList([GLOBAL_V6]);
  return (address) => {
    const family = isIPv4(address) ? 'ipv4' : isIPv6(address) ? 'ipv6' : undefined;
    if (family === undefined || address.includes('%')) return false;
    if (allowed.check(address, family)) return true;
    return !refused.check(address, family) && (family === 'ipv4' || global.check(address, family));
  };
}

function blockList(ranges: readonly string[]): BlockList {
  const list = new BlockList();
  for (const range of ranges) {
    const { address, bits } = /^(?<address>[0-9a-fA-F:.]+)\/(?<bits>[0-9]{1,3})$/.exec(range)?.groups ?? {};
    const family = address !== undefined && isIPv4(address) ? 'ipv4' : 'ipv6';
    if (
      address === undefined ||
      (family === 'ipv6' && !isIPv6(address)) ||
      Number(bits) > (family === 'ipv4' ? 32 : 128)
    )
      throw new Error(`${range} is no range of addresses; write it as 10.0.0.0/8 or fd00::/8.`);
    list.addSubnet(address, Number(bits), family);
  }
  return list;
}
