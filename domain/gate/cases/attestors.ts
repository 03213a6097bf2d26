import type { Attestors } from '#crds';
import type { Human, Identity, ListedPeople } from '../../approval/people.ts';
import { type Fact, known } from '../../facts.ts';
import { devE, HEAD, NOON, OLD_HEAD } from '../../testing/facts.ts';
import type { GateCase } from '../../testing/gate.ts';

const gate = 'attestors';
const ada: Identity = { subject: 'ada@example.com', issuer: 'https://accounts.example.com' };
const bea: Identity = { subject: 'bea@example.com', issuer: 'https://accounts.example.com' };
const issuer = 'https://token.actions.githubusercontent.com';
const ci: Identity = { subject: 'https://github.com/acme/ci/.github/workflows/attest.yml@refs/heads/main', issuer };
const scan: Identity = { subject: 'https://github.com/acme/ci/.github/workflows/scan.yml@refs/heads/main', issuer };

const listed = (who: Identity, account: Partial<Human>): Human => ({ ...who, logins: [], groups: [], ...account });
const people = (over: Partial<ListedPeople> = {}): Fact<ListedPeople> =>
  known(
    { humans: [listed(ada, { logins: ['Ada-at-forge'] }), listed(bea, { ids: [77] })], fourEyes: null, ...over },
    NOON,
  );
/** Ada and Bea as the forge knows them. */
const adaThere = { id: 76, login: 'ada-at-forge', kind: 'user' } as const;
const beaThere = { id: 77, login: 'bea-renamed', kind: 'user' } as const;

const both: Attestors = { humans: 1, machines: 1 };
const asks = ({
  wanted = both as Attestors | null,
  humans = [ada] as readonly Identity[],
  vouching = [ci] as readonly Identity[],
  refused = null as string | null,
  headSHA = HEAD,
  by = people(),
  pushers = [devE] as readonly (typeof adaThere | typeof devE)[],
} = {}) => ({
  input: { pushers, attestors: { wanted, humans, listed: by, machines: known({ headSHA, vouching, refused }, NOON) } },
});
const passes = { gate, state: 'pass', reason: 'Passed' } as const;
const missing = { gate, state: 'wait', reason: 'AttestorMissing' } as const;
const dark = { gate, state: 'unknown', reason: 'FactUnknown' } as const;
const unreadable = { known: false, why: 'The forge does not answer.' } as const;

/** Who vouched for a change that several people depend on. */
export const attestorCases: readonly GateCase[] = [
  { name: 'the tier asks for none', ...asks({ wanted: null, humans: [], vouching: [] }), ...passes },
  { name: 'a listed person and a listed machine', ...asks(), ...passes },
  { name: 'a listed person alone', ...asks({ vouching: [] }), ...missing },
  { name: 'a listed machine alone', ...asks({ humans: [] }), ...missing },
  {
    name: 'two people where a person and a machine are asked for',
    ...asks({ humans: [ada, bea], vouching: [] }),
    ...missing,
  },
  {
    name: 'two machines where a person and a machine are asked for',
    ...asks({ humans: [], vouching: [ci, scan] }),
    ...missing,
  },
  {
    name: 'the same person twice where two are asked for',
    ...asks({ wanted: { humans: 2, machines: 0 }, humans: [ada, { ...ada }] }),
    ...missing,
  },
  {
    name: 'two people where two are asked for',
    ...asks({ wanted: { humans: 2, machines: 0 }, humans: [ada, bea], vouching: [] }),
    ...passes,
  },
  {
    name: 'the same machine twice where two are asked for',
    ...asks({ wanted: { humans: 1, machines: 2 }, vouching: [ci, { ...ci }] }),
    ...missing,
  },
  {
    name: 'two machines where two are asked for',
    ...asks({ wanted: { humans: 1, machines: 2 }, vouching: [ci, scan] }),
    ...passes,
  },
  { name: 'one name that is a person and a machine', ...asks({ humans: [ada], vouching: [ada] }), ...missing },
  {
    name: 'the name of a machine under another issuer beside it',
    ...asks({ wanted: { humans: 1, machines: 2 }, vouching: [ci, { ...ci, issuer: 'https://ci.example.com' }] }),
    ...passes,
  },
  { name: 'a machine that signed for an older head', ...asks({ headSHA: OLD_HEAD }), ...dark },
  {
    name: 'a signature that does not count',
    ...asks({ vouching: [], refused: 'It is not among the listed machines.' }),
    ...missing,
  },
  {
    name: 'what machines signed could not be read',
    input: { attestors: { wanted: both, humans: [ada], listed: people(), machines: unreadable } },
    ...dark,
  },
  {
    name: 'what machines signed could not be read, and none is asked for',
    input: { attestors: { wanted: { humans: 1, machines: 0 }, humans: [ada], listed: people(), machines: unreadable } },
    ...passes,
  },
  {
    name: 'with four eyes, a person who pushed to it, by name',
    ...asks({ pushers: [devE, adaThere] as never }),
    ...missing,
  },
  {
    name: 'with four eyes, a person who pushed to it, by number',
    ...asks({ humans: [bea], pushers: [beaThere] as never }),
    ...missing,
  },
  { name: 'with four eyes, a person who opened it', ...asks(), pr: { author: adaThere }, ...missing },
  {
    name: 'with four eyes, a person who pushed to it, and another',
    ...asks({ humans: [ada, bea], pushers: [devE, adaThere] as never }),
    ...passes,
  },
  {
    name: 'without four eyes, a person who pushed to it',
    ...asks({ pushers: [adaThere] as never, by: people({ fourEyes: false }) }),
    ...passes,
  },
  {
    name: 'with four eyes, a person of whom no account is listed',
    ...asks({ by: people({ humans: [listed(ada, {})], fourEyes: true }) }),
    ...missing,
  },
  {
    name: 'with four eyes, a person who is listed no more',
    ...asks({ by: people({ humans: [], fourEyes: true }) }),
    ...missing,
  },
  { name: 'the list of people could not be read', ...asks({ by: unreadable }), ...dark },
  {
    name: 'the list of people could not be read, and none is asked for',
    ...asks({ wanted: { humans: 0, machines: 1 }, by: unreadable }),
    ...passes,
  },
];
