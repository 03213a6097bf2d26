import type { FaultRow, Store } from '../store/index.ts';
import { chance } from './chance.ts';

/**
 * The failures that the admin asked for. They are kept like every other fact, so that a forge that was killed in between goes on failing
 * where it was.
 */
export class Faults {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /** What happens to this request, oldest fault first; each one that fits is counted, and used up by what it happens to. */
  take(operation: string, login: string | undefined): FaultRow[] {
    const fitting = this.#store.faults.find().filter((fault) => fits(fault, operation, login));
    if (fitting.length === 0) return [];
    return this.#store.transaction(() => fitting.filter((fault) => this.#happens(fault)));
  }

  #happens(fault: FaultRow): boolean {
    const seen = fault.seen + 1;
    const happens = seen > fault.skip && chance(fault.seed, fault.id, seen) < fault.probability;
    const times = happens && fault.times !== null ? fault.times - 1 : fault.times;
    if (times === 0) this.#store.faults.delete(fault.id);
    else this.#store.faults.update(fault.id, { seen, times });
    return happens;
  }
}

function fits(fault: FaultRow, operation: string, login: string | undefined): boolean {
  if (fault.login !== null && fault.login.toLowerCase() !== login?.toLowerCase()) return false;
  const [first = '', ...rest] = fault.operation.split('*');
  if (rest.length === 0) return operation === first;
  const last = rest.pop() ?? '';
  if (!operation.startsWith(first) || !operation.endsWith(last)) return false;
  const end = operation.length - last.length;
  let at = first.length;
  for (const part of rest) {
    const found = operation.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return at <= end;
}
