import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { EgressTarget } from '#domain';
import type { TaskCaller } from '#lib/conductor';

export interface Limits {
  /** Connections that a task may hold at once. */
  readonly connections: number;
  /** Bytes that a task may move, both ways together. */
  readonly bytes: number;
  /** A connection without a byte for so long is cut; ms. */
  readonly idleMs: number;
}

/** A connection that is open. */
export interface Open {
  readonly caller: TaskCaller;
  readonly target: EgressTarget;
  /** Ends it at both sides, now. */
  cut(): void;
}

interface Account {
  held: number;
  bytes: number;
  lastAt: number;
}

interface Held extends Open {
  readonly socket: Socket;
  readonly account: Account;
  counted: number;
}

/** What a task without a connection is remembered for. */
const REMEMBER_MS = 86_400_000;

/** Keeps the books of each task in this process: what it holds, and what it has moved. */
export class Ledger {
  readonly #limits: Limits;
  readonly #now: () => number;
  readonly #accounts = new Map<string, Account>();
  readonly #held = new Set<Held>();

  constructor(limits: Limits, now: () => number) {
    this.#limits = limits;
    this.#now = now;
  }

  /** Every connection that is open now. */
  get open(): readonly Open[] {
    return [...this.#held];
  }

  spent(caller: TaskCaller): boolean {
    return this.#account(caller).bytes >= this.#limits.bytes;
  }

  /** Takes a place for a connection; false where the task has none left. Each place is given back once, by {@link release} or its socket's end. */
  reserve(caller: TaskCaller): boolean {
    const account = this.#account(caller);
    if (account.held >= this.#limits.connections) return false;
    account.held += 1;
    return true;
  }

  release(caller: TaskCaller): void {
    this.#account(caller).held -= 1;
  }

  /** Ties a reserved place to its connection: the client's end and ours go together, and an idle one is cut. */
  hold(caller: TaskCaller, target: EgressTarget, client: Duplex, socket: Socket): void {
    const account = this.#account(caller);
    const cut = () => {
      socket.destroy();
      client.destroy();
    };
    const held: Held = { caller, target, cut, socket, account, counted: 0 };
    this.#held.add(held);
    const gone = () => socket.destroy();
    client.once('close', gone);
    socket.setTimeout(this.#limits.idleMs, cut);
    socket.once('close', () => {
      client.off('close', gone);
      this.#count(held);
      this.#held.delete(held);
      account.held -= 1;
    });
  }

  /** Counts what was moved; returns the connections of tasks that have moved all they may. Called every second or so. */
  sweep(): Open[] {
    for (const held of this.#held) this.#count(held);
    for (const [uid, { held, lastAt }] of this.#accounts)
      if (held === 0 && this.#now() - lastAt > REMEMBER_MS) this.#accounts.delete(uid);
    return [...this.#held].filter(({ account }) => account.bytes >= this.#limits.bytes);
  }

  #account({ uid }: TaskCaller): Account {
    const account = this.#accounts.get(uid) ?? { held: 0, bytes: 0, lastAt: 0 };
    account.lastAt = this.#now();
    this.#accounts.set(uid, account);
    return account;
  }

  #count(held: Held): void {
    const moved = held.socket.bytesRead + held.socket.bytesWritten;
    held.account.bytes += moved - held.counted;
    held.counted = moved;
  }
}
