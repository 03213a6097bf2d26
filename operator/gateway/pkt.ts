/** One ref update of a push: object ids in hex, forty zeroes for a ref that does not exist. */
export interface RefUpdate {
  readonly old: string;
  readonly new: string;
  readonly ref: string;
}

/** The head of a push as git's pack protocol has it: the updates, what the client can do, and where the pack begins. */
export interface ReceiveCommands {
  readonly updates: readonly RefUpdate[];
  readonly capabilities: ReadonlySet<string>;
  readonly packStart: number;
}

export const ZERO = '0'.repeat(40);
const MAX_UPDATES = 16;
const SIDEBAND_MAX = 65_515;

/** Raised for bytes that are no push; the message is for the person at the other end. */
export class PktError extends Error {
  override name = 'PktError';
}

/** A pkt-line: four hex digits of length, then the payload (gitprotocol-common). */
export function pkt(payload: string | Buffer): Buffer {
  const body = typeof payload === 'string' ? Buffer.from(payload, 'utf8') : payload;
  return Buffer.concat([Buffer.from((body.length + 4).toString(16).padStart(4, '0')), body]);
}

export const FLUSH = Buffer.from('0000');

/** Reads the commands of a `git-receive-pack` request. Bounded: hostile input costs no more than a few lines. */
export function parseReceive(body: Buffer): ReceiveCommands {
  const updates: RefUpdate[] = [];
  let capabilities = new Set<string>();
  let offset = 0;
  for (;;) {
    const length = lengthAt(body, offset);
    if (length === 0) return { updates, capabilities, packStart: offset + 4 };
    const [line, caps] = body
      .subarray(offset + 4, offset + length)
      .toString('utf8')
      .replace(/\n$/, '')
      .split('\0', 2) as [string, string?];
    if (caps !== undefined) capabilities = new Set(caps.trim().split(' '));
    const match = /^(?<old>[0-9a-f]{40}) (?<new>[0-9a-f]{40}) (?<ref>\S{1,1024})$/.exec(line);
    if (!match?.groups) throw new PktError('the push holds a line that is no ref update');
    updates.push({ old: match.groups.old!, new: match.groups.new!, ref: match.groups.ref! });
    if (updates.length > MAX_UPDATES) throw new PktError('the push updates too many refs');
    offset += length;
  }
}

function lengthAt(body: Buffer, offset: number): number {
  const digits = body.subarray(offset, offset + 4).toString('latin1');
  if (!/^[0-9a-f]{4}$/.test(digits)) throw new PktError('the push is not in pkt-line format');
  const length = Number.parseInt(digits, 16);
  if (length === 0) return 0;
  if (length < 5 || offset + length > body.length) throw new PktError('the push ends in the middle of a line');
  return length;
}

/** The refs a client is offered before a push. Deletion is offered too, so that it reaches the sentence that refuses it. */
export function advertisement(refs: readonly { ref: string; sha: string }[]): Buffer {
  const capabilities = 'report-status delete-refs side-band-64k ofs-delta quiet object-format=sha1 agent=rig-conductor';
  const lines = refs.length > 0 ? refs.map(({ ref, sha }) => `${sha} ${ref}`) : [`${ZERO} capabilities^{}`];
  const offered = lines.map((line, index) => pkt(index === 0 ? `${line}\0 ${capabilities}\n` : `${line}\n`));
  return Buffer.concat([pkt('# service=git-receive-pack\n'), FLUSH, ...offered, FLUSH]);
}

/** The answer to a push. `refusal` null is success; otherwise git shows the sentence to whoever pushed. */
export function report(commands: ReceiveCommands, refusal: string | null): Buffer {
  const reason = refusal?.replaceAll(/\s+/g, ' ').slice(0, 500);
  const status = commands.updates.map(({ ref }) => pkt(reason === undefined ? `ok ${ref}\n` : `ng ${ref} ${reason}\n`));
  const inner = Buffer.concat([pkt('unpack ok\n'), ...status, FLUSH]);
  if (!commands.capabilities.has('side-band-64k')) return inner;
  const bands: Buffer[] = [];
  if (reason !== undefined) bands.push(pkt(Buffer.concat([Buffer.from([2]), Buffer.from(`rig: ${reason}\n`)])));
  for (let at = 0; at < inner.length; at += SIDEBAND_MAX)
    bands.push(pkt(Buffer.concat([Buffer.from([1]), inner.subarray(at, at + SIDEBAND_MAX)])));
  return Buffer.concat([...bands, FLUSH]);
}
