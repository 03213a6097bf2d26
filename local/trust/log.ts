import { createHash, createPublicKey, type KeyObject, randomInt, sign, verify, X509Certificate } from 'node:crypto';
import { appendFileSync, existsSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Static, Type } from 'typebox';
import { Check } from 'typebox/value';
import { TrustError } from './error.ts';
import type { SigningKey } from './keys.ts';
import { inclusionProof, leafHash, rootHash } from './merkle.ts';

/** The log's name in its checkpoints, whatever port it is served on. */
export const LOG_NAME = 'rig.local';

/** `POST /api/v1/log/entries` of Rekor, for the one kind that approvals are. */
const Proposed = Type.Object({
  apiVersion: Type.Literal('0.0.1'),
  kind: Type.Literal('dsse'),
  spec: Type.Object({
    proposedContent: Type.Object({
      envelope: Type.String(),
      verifiers: Type.Array(Type.String(), { minItems: 1, maxItems: 1 }),
    }),
  }),
});

const Envelope = Type.Object({
  payload: Type.String(),
  payloadType: Type.String(),
  signatures: Type.Array(Type.Object({ sig: Type.String() }), { minItems: 1, maxItems: 1 }),
});

const Line = Type.Object({ body: Type.String(), integratedTime: Type.Integer() });

/** An entry as Rekor answers one, by its id. */
export type LogEntry = Record<string, object>;

/** A transparency log in a file: what was written stays, and every entry's proof is against all that came before it. */
export class TransparencyLog {
  readonly #key: SigningKey;
  readonly #file: string;
  readonly #treeID: string;
  readonly #now: () => Date;
  readonly #authority: KeyObject | null;
  readonly #leaves: Buffer[];

  /**
   * Opens or makes the log of a data directory. With `authority` it takes only what was signed with a certificate of that key which is valid now:
   * whoever reaches its port cannot fill it. Throws {@link TrustError} `Unreadable` for a file that is no log.
   */
  constructor(
    dataDir: string,
    key: SigningKey,
    { now = () => new Date(), authority = null }: { now?: () => Date; authority?: KeyObject | null } = {},
  ) {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    this.#key = key;
    this.#file = join(dataDir, 'log.jsonl');
    this.#now = now;
    this.#authority = authority;
    const [tree, ...lines] = open(this.#file);
    this.#treeID = tree;
    this.#leaves = lines.map((line) => leafHash(Buffer.from(line.body, 'base64')));
  }

  get size(): number {
    return this.#leaves.length;
  }

  /** Verifies what is proposed, writes it down and promises it. Throws {@link TrustError} `BadEntry`. */
  add(proposed: unknown): LogEntry {
    if (!Check(Proposed, proposed)) {
      throw new TrustError('BadEntry', 'This log takes entries of the kind dsse, version 0.0.1, with one verifier.');
    }
    if (this.#authority !== null) requireIssued(proposed, this.#authority, this.#now());
    const body = bodyOf(proposed);
    const integratedTime = Math.floor(this.#now().getTime() / 1_000);
    appendFileSync(this.#file, `${JSON.stringify({ body: body.toString('base64'), integratedTime })}\n`);
    const index = this.#leaves.push(leafHash(body)) - 1;
    return this.#entry(body, index, integratedTime);
  }

  #entry(body: Buffer, index: number, integratedTime: number): LogEntry {
    const logID = createHash('sha256').update(this.#key.spki).digest('hex');
    const promised = { body: body.toString('base64'), integratedTime, logID, logIndex: index };
    const root = rootHash(this.#leaves);
    return {
      [`${this.#treeID}${this.#leaves[index]!.toString('hex')}`]: {
        ...promised,
        verification: {
          // The members stand in the order of RFC 8785 already.
          signedEntryTimestamp: this.#sign(Buffer.from(JSON.stringify(promised))).toString('base64'),
          inclusionProof: {
            logIndex: index,
            treeSize: this.#leaves.length,
            rootHash: root.toString('hex'),
            hashes: inclusionProof(this.#leaves, index).map((hash) => hash.toString('hex')),
            checkpoint: this.#checkpoint(root),
          },
        },
      },
    };
  }

  /** A signed note over the tree as it is (C2SP checkpoints, as Rekor writes them). */
  #checkpoint(root: Buffer): string {
    const note = `${LOG_NAME} - ${BigInt(`0x${this.#treeID}`)}\n${this.#leaves.length}\n${root.toString('base64')}\n`;
    const hint = createHash('sha256').update(this.#key.spki).digest().subarray(0, 4);
    const signature = Buffer.concat([hint, this.#sign(Buffer.from(note))]).toString('base64');
    return `${note}\n\u2014 ${LOG_NAME} ${signature}\n`;
  }

  #sign(bytes: Buffer): Buffer {
    return sign('sha256', bytes, this.#key.privateKey);
  }
}

/** Throws {@link TrustError} `BadEntry`. */
function requireIssued({ spec }: Static<typeof Proposed>, authority: KeyObject, now: Date): void {
  const certificate = attempt('The verifier is no certificate.', () => {
    return new X509Certificate(Buffer.from(spec.proposedContent.verifiers[0]!, 'base64'));
  });
  const valid = now >= new Date(certificate.validFrom) && now <= new Date(certificate.validTo);
  if (valid && certificate.verify(authority)) return;
  throw new TrustError(
    'BadEntry',
    'The verifier is no certificate that this machine has issued and that is valid now.',
  );
}

/** What the log keeps of an envelope: hashes, the signature and who can check it, never the payload. */
function bodyOf({ spec }: Static<typeof Proposed>): Buffer {
  const { envelope: text, verifiers } = spec.proposedContent;
  const verifier = verifiers[0]!;
  const envelope = verified(text, verifier);
  const hash = (bytes: Buffer | string) => ({
    algorithm: 'sha256',
    value: createHash('sha256').update(bytes).digest('hex'),
  });
  // The members stand in the order of RFC 8785, and no text in it needs an escape.
  const body = {
    apiVersion: '0.0.1',
    kind: 'dsse',
    spec: {
      envelopeHash: hash(text),
      payloadHash: hash(Buffer.from(envelope.payload, 'base64')),
      signatures: [{ signature: again(envelope.signatures[0]!.sig), verifier: again(verifier) }],
    },
  };
  return Buffer.from(JSON.stringify(body));
}

/** Base64 written the one way, whoever wrote it before. */
function again(base64: string): string {
  return Buffer.from(base64, 'base64').toString('base64');
}

function verified(text: string, verifier: string): Static<typeof Envelope> {
  const envelope = read(text);
  const payload = Buffer.from(envelope.payload, 'base64');
  const type = Buffer.from(envelope.payloadType);
  // The encoding that a DSSE signature is over.
  const signed = Buffer.concat([
    Buffer.from(`DSSEv1 ${type.length} `),
    type,
    Buffer.from(` ${payload.length} `),
    payload,
  ]);
  const key = attempt('The verifier is no key and no certificate.', () =>
    createPublicKey(Buffer.from(verifier, 'base64').toString('latin1')),
  );
  if (!verify('sha256', signed, key, Buffer.from(envelope.signatures[0]!.sig, 'base64'))) {
    throw new TrustError('BadEntry', 'The envelope is not signed by its verifier.');
  }
  return envelope;
}

function read(text: string): Static<typeof Envelope> {
  const envelope: unknown = attempt('The envelope is not JSON.', () => JSON.parse(text));
  if (!Check(Envelope, envelope))
    throw new TrustError('BadEntry', 'The envelope is no DSSE envelope with one signature.');
  return envelope;
}

function attempt<T>(message: string, act: () => T): T {
  try {
    return act();
  } catch (cause) {
    throw new TrustError('BadEntry', message, { cause });
  }
}

function open(file: string): [string, ...Static<typeof Line>[]] {
  if (!existsSync(file)) writeFileSync(file, `${randomTree()}\n`, { mode: 0o600 });
  const text = readFileSync(file, 'utf8');
  // A line that a crash cut short was promised to nobody; the next one must not be glued to it.
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  if (whole !== text) truncateSync(file, Buffer.byteLength(whole));
  const [tree = '', ...lines] = whole.split('\n').slice(0, -1);
  if (!/^[0-9a-f]{16}$/.test(tree)) throw damaged(file);
  const read = lines.map((line) => {
    const value: unknown = JSON.parse(line);
    if (!Check(Line, value)) throw damaged(file);
    return value;
  });
  return [tree, ...read];
}

function randomTree(): string {
  return randomInt(2 ** 47)
    .toString(16)
    .padStart(16, '0');
}

function damaged(file: string): TrustError {
  return new TrustError(
    'Unreadable',
    `${file} is not the log of local approvals; put it back, or start over with "rig reset".`,
  );
}
