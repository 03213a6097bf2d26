import type { GateCase } from '../../testing/gate.ts';
import { approvedCases } from './approved.ts';
import { attestorCases } from './attestors.ts';
import { ciCases } from './ci.ts';
import { enforcedCases } from './enforced.ts';
import { linkedCases } from './linked.ts';
import { reviewCases } from './review.ts';
import { sloCases } from './slo.ts';
import { stateCases } from './state.ts';
import { provenanceCases, targetCases } from './target.ts';
import { threadCases } from './threads.ts';

/** The specification of the merge gate: every named situation, and what the row it is about says to it. */
export const gateCases: readonly GateCase[] = [
  ...targetCases,
  ...provenanceCases,
  ...linkedCases,
  ...ciCases,
  ...reviewCases,
  ...threadCases,
  ...stateCases,
  ...sloCases,
  ...attestorCases,
  ...enforcedCases,
  ...approvedCases,
];
