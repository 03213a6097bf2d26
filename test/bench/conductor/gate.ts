import { gateCases } from '../../../domain/gate/cases/index.ts';
import { decideMerge } from '../../../domain/gate/gate.ts';
import { gateInput } from '../../../domain/testing/gate.ts';

/** Rounds over the whole table that are not measured: the first ones are interpreted. */
const WARM_UP = 20;

/** How long each decision of the merge gate takes, over its case table so many times, in ms. */
export function measureGate(rounds = 100): number[] {
  const inputs = gateCases.map((row) => gateInput(row));
  const samples: number[] = [];
  for (let round = -WARM_UP; round < rounds; round += 1) {
    for (const input of inputs) {
      const began = performance.now();
      decideMerge(input);
      if (round >= 0) samples.push(performance.now() - began);
    }
  }
  return samples;
}
