import { createHash, randomBytes, randomInt } from 'node:crypto';

const CODE_LIFE_MS = 60_000;
export const DEVICE_LIFE_MS = 10 * 60_000;
export const DEVICE_INTERVAL_SECONDS = 1;
/** So many that whoever begins more than anybody needs does not push out who is just signing in. */
const MOST_OPEN = 10_000;
/** Letters that nobody takes for another (RFC 8628, section 6.1). */
const LETTERS = 'BCDFGHJKLMNPQRSTVWXZ';

/** What a browser was sent away to sign in for. */
export interface Asked {
  readonly redirectURI: string;
  readonly challenge: string;
  readonly nonce: string | null;
}

/** Somebody has signed in for this. */
export interface Granted {
  readonly nonce: string | null;
  readonly signedInAt: Date;
}

interface Device {
  readonly userCode: string;
  readonly expiresAt: number;
  readonly nonce: string | null;
  granted: Granted | null;
}

/** Codes between a sign-in and its token: each is good once, for a minute, and only for who asked for it. */
export class Grants {
  readonly #now: () => Date;
  readonly #codes = new Map<string, Asked & Granted & { readonly expiresAt: number }>();
  readonly #devices = new Map<string, Device>();

  constructor(now: () => Date) {
    this.#now = now;
  }

  /** A code for whoever began with that challenge (RFC 7636). */
  codeFor(asked: Asked): string {
    const code = secret();
    const signedInAt = this.#now();
    keep(this.#codes, code, { ...asked, signedInAt, expiresAt: signedInAt.getTime() + CODE_LIFE_MS });
    return code;
  }

  /** Takes a code for a token; null where it is not good, or not for who asks. It is gone in any case. */
  redeem(code: string, { redirectURI, verifier }: { redirectURI: string; verifier: string }): Granted | null {
    const found = this.#codes.get(code);
    this.#codes.delete(code);
    if (found === undefined || found.expiresAt <= this.#now().getTime()) return null;
    const challenge = createHash('sha256').update(verifier).digest('base64url');
    return found.redirectURI === redirectURI && found.challenge === challenge ? found : null;
  }

  /** Begins a sign-in on another device (RFC 8628). */
  device(nonce: string | null): { deviceCode: string; userCode: string } {
    const deviceCode = secret();
    const userCode = `${letters(4)}-${letters(4)}`;
    keep(this.#devices, deviceCode, {
      userCode,
      nonce,
      expiresAt: this.#now().getTime() + DEVICE_LIFE_MS,
      granted: null,
    });
    return { deviceCode, userCode };
  }

  /** Whether a person may still say yes to a device; letters in whatever case, with or without the dash. */
  approveDevice(userCode: string): boolean {
    const plain = (code: string) => code.toUpperCase().replaceAll(/[^A-Z]/g, '');
    const now = this.#now();
    for (const device of this.#devices.values()) {
      if (plain(device.userCode) !== plain(userCode) || device.expiresAt <= now.getTime()) continue;
      device.granted = { nonce: device.nonce, signedInAt: now };
      return true;
    }
    return false;
  }

  /** What a device that asks again is told. */
  poll(deviceCode: string): Granted | 'authorization_pending' | 'expired_token' | 'invalid_grant' {
    const device = this.#devices.get(deviceCode);
    if (device === undefined) return 'invalid_grant';
    if (device.expiresAt <= this.#now().getTime()) return 'expired_token';
    if (device.granted === null) return 'authorization_pending';
    this.#devices.delete(deviceCode);
    return device.granted;
  }
}

/** The oldest go when there are too many: nobody fills the memory by beginning. */
function keep<T>(map: Map<string, T>, key: string, value: T): void {
  map.set(key, value);
  for (const oldest of map.keys()) {
    if (map.size <= MOST_OPEN) return;
    map.delete(oldest);
  }
}

function secret(): string {
  return randomBytes(32).toString('base64url');
}

function letters(count: number): string {
  return Array.from({ length: count }, () => LETTERS[randomInt(LETTERS.length)]).join('');
}
