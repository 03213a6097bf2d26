import { fail, type GateResult, pass, type Row } from './types.ts';

/** The forge itself holds every merge to what the Repository asks, or the Repository says why it need not. */
export function enforced({ input }: Row): GateResult {
  const gate = 'enforced';
  const reason = 'GateNotEnforced';
  if (!input.enforcement.known) return { gate, state: 'unknown', reason, message: sentence(input.enforcement.why) };
  const enforcement = input.enforcement.value;
  const remedy = `rig repo protect ${input.repository.name} writes the ruleset.`;
  switch (enforcement.state) {
    case 'enforced':
      return pass(gate, "The forge's ruleset holds what the Repository asks.");
    case 'waived':
      return pass(gate, sentence(`The Repository does without a ruleset: ${enforcement.because}`));
    case 'hidden':
      return { gate, state: 'unknown', reason, message: `${sentence(enforcement.why)} ${remedy}` };
    case 'differs': {
      const [first, ...more] = enforcement.differences;
      const others = more.length === 0 ? '' : ` (and ${more.length} more)`;
      return fail(gate, reason, `The forge's ruleset does not hold the gate: ${first}${others}. ${remedy}`);
    }
    default:
      return { gate, state: 'unknown', reason, message: 'It is not known what the forge holds merges to.' };
  }
}

const sentence = (words: string): string => (/[.!?]$/.test(words.trim()) ? words.trim() : `${words.trim()}.`);
