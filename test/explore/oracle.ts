import { demand } from './log.ts';
import { pullOf, type Strand } from './strand.ts';

/**
 * Whether the forge itself shows, at the moment of the decision, what a merge takes: asked of the forge's side of the model and in words of
 * its own, so that a gate that is wrong is found out.
 */
export function requireSoundMerge(strand: Strand, number: number, head: string): void {
  const pull = pullOf(strand, number);
  const because = (holds: boolean, otherwise: string) =>
    demand(holds, 'MergeNeedsTheGate', `a merge of pull request ${number} was decided, but ${otherwise}`);
  demand(
    pull?.state === 'open',
    'MergeNeedsTheGate',
    `a merge of pull request ${number} was decided, but it is not open`,
  );
  because(pull.head === head, 'its head is another');
  because(pull.checks.head === head && pull.checks.result === 'passed', 'the check has not passed on the head');
  const independent = pull.opinions.filter(({ by }) => by === 'reviewer' || pull.by !== 'person');
  because(
    independent.some((one) => one.state === 'approved' && one.head === head),
    'nobody independent has approved the head',
  );
  because(!pull.opinions.some(({ state }) => state === 'changes_requested'), 'changes are asked for');
  because(pull.thread !== 'open', 'a thread is open');
  because(pull.basis === 'current', 'it does not contain the tip of the base');
  because(strand.log.lastWork?.generation === strand.log.wishGeneration, 'the issue was edited since');
  because(!strand.told.closed, 'the forge has told that the issue was closed');
  because(strand.witness.claim !== null, 'no claim of the issue is live');
}
