import type { Attestors } from '#crds';
import { hasAccounts, hasFourEyes, humanOf, type Identity, isOneOf, type ListedPeople } from '../approval/people.ts';
import { same } from '../attestor/machine.ts';
import { type Fact, known } from '../facts.ts';
import { type GateResult, pass, type Row, unread, wait } from './types.ts';

/** Who has to vouch for a change, and who has. */
export interface AttestorFacts {
  /** Null where the tier of the change asks for none. */
  readonly wanted: Attestors | null;
  /** Listed people whose Approval of its interface, or of its merge at this head, holds. */
  readonly humans: readonly Identity[];
  /** Who is listed: by that it is told whether one of `humans` had a hand in the change. */
  readonly listed: Fact<ListedPeople>;
  readonly machines: Fact<AttestingMachines>;
}

/** Listed machines that signed for exactly this head; `refused` says of the newest other signature why it does not count. */
export interface AttestingMachines {
  readonly headSHA: string;
  readonly vouching: readonly Identity[];
  readonly refused: string | null;
}

/**
 * As many people and machines as the tier asks for have vouched for the change, each counted once and none as both, and with four eyes nobody who opened
 * the pull request or pushed to it.
 */
export function attestors(row: Row): GateResult {
  const { input, pr } = row;
  const gate = 'attestors';
  const { wanted, humans, machines } = input.attestors;
  if (wanted === null) return pass(gate, 'The tier of the change asks for no attestors.');
  const signed = machines.known && machines.value.headSHA === pr.head.sha ? machines.value : null;
  const vouching = distinct(signed?.vouching ?? []).filter((one) => !humans.some((human) => same(human, one)));
  const independent = independentOf(distinct(humans), row);
  if (!independent.known) return unread(gate, independent.why);
  const people = independent.value;
  if (people.length < wanted.humans)
    return wait(gate, 'AttestorMissing', whoIsMissing(people.length, wanted.humans, row));
  if (wanted.machines === 0) return pass(gate, `${named(people)} vouched for it.`);
  if (signed === null)
    return unread(
      gate,
      machines.known ? 'The signatures of another head were read; those of this one are.' : machines.why,
    );
  if (vouching.length < wanted.machines)
    return wait(
      gate,
      'AttestorMissing',
      `${vouching.length} of ${wanted.machines} listed machines signed for ${pr.head.sha.slice(0, 8)}${signed.refused === null ? '; the workflow that attests has to run' : `: ${signed.refused.replace(/\.$/, '')}`}.`,
    );
  return pass(gate, `${named([...people, ...vouching])} vouched for it.`);
}

/** Those who had no hand in the change, as far as four eyes ask; who has no account in the list may have had one. */
function independentOf(humans: readonly Identity[], { input, pr }: Row): Fact<readonly Identity[]> {
  const { listed } = input.attestors;
  if (humans.length === 0 || input.attestors.wanted?.humans === 0) return known(humans, input.now);
  if (!listed.known) return listed;
  if (!hasFourEyes(listed.value)) return known(humans, input.now);
  const authors = [pr.author, ...input.pushers];
  const isApart = (identity: Identity) => {
    const human = humanOf(identity, listed.value.humans);
    return human !== undefined && hasAccounts(human) && !isOneOf(human, authors);
  };
  return known(humans.filter(isApart), input.now);
}

function whoIsMissing(there: number, wanted: number, { input }: Row): string {
  const said = input.attestors.humans.length > there ? ' who neither opened nor pushed it' : '';
  return `${there} of ${wanted} listed people${said} vouch for it: one runs \`rig approve ${input.issue.name} --scope interface\`, or \`--scope merge\`.`;
}

function distinct(identities: readonly Identity[]): Identity[] {
  return identities.filter((one, index) => identities.findIndex((other) => same(one, other)) === index);
}

function named(identities: readonly Identity[]): string {
  return identities.map(({ subject }) => subject).join(', ');
}
