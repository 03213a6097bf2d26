import { judgeSlo } from '../slo/judge.ts';
import type { GateResult, Row } from './types.ts';

/** Production stands the change now: service levels and error budgets, as far as the tier of the change asks for them. */
export function slo({ input }: Row): GateResult {
  return { gate: 'slo', ...judgeSlo({ ...input.slo, now: input.now }) };
}
