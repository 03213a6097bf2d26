import type { Attestors } from '#crds';
import type { Identity } from '../approval/people.ts';
import { same } from '../attestor/machine.ts';
import type { Fact } from '../facts.ts';
import { type GateResult, pass, type Row, unread, wait } from './types.ts';

/** Who has to vouch for a change, and who has. */
export interface AttestorFacts {
  /** Null where the tier of the change asks for none. */
  readonly wanted: Attestors | null;
  /** Listed people whose Approval of its interface, or of its merge at this head, holds. */
  readonly humans: readonly Identity[];
  readonly machines: Fact<AttestingMachines>;
}

/** Listed machines that signed for exactly this head; `refused` says of the newest other signature why it does not count. */
export interface AttestingMachines {
  readonly headSHA: string;
  readonly vouching: readonly Identity[];
  readonly refused: string | null;
}

/** As many people and machines as the tier asks for have vouched for the change, each counted once and none as both. */
export function attestors({ input, pr }: Row): GateResult {
  const gate = 'attestors';
  const { wanted, humans, machines } = input.attestors;
  if (wanted === null) return pass(gate, 'The tier of the change asks for no attestors.');
  const known = machines.known && machines.value.headSHA === pr.head.sha ? machines.value : null;
  const vouching = distinct(known?.vouching ?? []).filter((one) => !humans.some((human) => same(human, one)));
  const people = distinct(humans);
  if (people.length < wanted.humans)
    return wait(
      gate,
      'AttestorMissing',
      `${people.length} of ${wanted.humans} listed people vouch for it: one runs \`rig approve ${input.issue.name} --scope interface\`, or \`--scope merge\`.`,
    );
  if (wanted.machines === 0) return pass(gate, `${named(people)} vouched for it.`);
  if (known === null)
    return unread(
      gate,
      machines.known ? 'The signatures of another head were read; those of this one are.' : machines.why,
    );
  if (vouching.length < wanted.machines)
    return wait(
      gate,
      'AttestorMissing',
      `${vouching.length} of ${wanted.machines} listed machines signed for ${pr.head.sha.slice(0, 8)}${known.refused === null ? '; the workflow that attests has to run' : `: ${known.refused.replace(/\.$/, '')}`}.`,
    );
  return pass(gate, `${named([...people, ...vouching])} vouched for it.`);
}

function distinct(identities: readonly Identity[]): Identity[] {
  return identities.filter((one, index) => identities.findIndex((other) => same(one, other)) === index);
}

function named(identities: readonly Identity[]): string {
  return identities.map(({ subject }) => subject).join(', ');
}
