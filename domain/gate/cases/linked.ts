import { commit, ISSUE, pullRequest, REPOSITORY } from '../../testing/facts.ts';
import type { GateCase } from '../../testing/gate.ts';

const gate = 'linked';
const mine = { number: ISSUE, repositoryId: REPOSITORY };
const passes = { gate, state: 'pass', reason: 'Passed' } as const;
const foreign = { gate, state: 'fail', reason: 'ClosingReferenceForeign' } as const;
const skips = { gate, state: 'fail', reason: 'SkipMarker' } as const;
const unread = { gate, state: 'unknown', reason: 'FactUnknown' } as const;
const { complete } = pullRequest();

/** A second commit of the pull request that says `message`. */
const said = (message: string) => ({ pr: { commits: [commit(), commit({ message })] } });

/** What the merge would close, and what would keep CI from looking. */
export const linkedCases: readonly GateCase[] = [
  { name: 'closes this issue and no other', ...passes },
  {
    name: 'closes no issue',
    pr: { closingIssues: [] },
    gate,
    state: 'fail',
    reason: 'ClosingReferenceMissing',
  },
  {
    name: 'closes the issue of the same number in another repository',
    pr: { closingIssues: [{ number: ISSUE, repositoryId: 701 }] },
    ...foreign,
  },
  { name: 'closes another issue instead', pr: { closingIssues: [{ ...mine, number: 13 }] }, ...foreign },
  { name: 'closes another issue beside this one', pr: { closingIssues: [mine, { ...mine, number: 13 }] }, ...foreign },
  { name: 'closes this issue, named twice', pr: { closingIssues: [mine, mine] }, ...passes },
  { name: 'a closing keyword of another issue in the title', pr: { title: 'Parse once, fixes #13' }, ...foreign },
  { name: 'a closing keyword of another issue in a commit', ...said('Tidy up\n\nResolves: #13'), ...foreign },
  { name: 'a closing keyword across a line break in a commit', ...said('Tidy what it fixes\n#13'), ...foreign },
  { name: 'a closing keyword of an issue elsewhere in a commit', ...said('Closes other/place#12'), ...foreign },
  {
    name: "a closing keyword with an issue's address in a commit",
    ...said('closed https://github.com/other/place/issues/12'),
    ...foreign,
  },
  { name: 'a closing keyword with GH- in a commit', ...said('Fixes GH-13'), ...foreign },
  { name: 'a closing keyword of this issue in full in a commit', ...said(`Fixes other/place#${ISSUE}`), ...foreign },
  { name: 'a closing keyword in capitals in the title', pr: { title: 'FIXED #13' }, ...foreign },
  { name: 'a closing keyword in emphasis in a commit', ...said('**Closes** #13'), ...foreign },
  { name: 'closing keywords of this and another issue in a commit', ...said(`Fixes #${ISSUE}, fixes #13`), ...foreign },
  { name: 'a word that only ends like a closing keyword in a commit', ...said('Prefixes #13'), ...passes },
  { name: 'a closing keyword of this issue in a commit', ...said(`Fixes #${ISSUE}`), ...passes },
  { name: 'another issue mentioned without a closing keyword', ...said('See #13, as told in #14'), ...passes },
  { name: 'a skip marker in the title', pr: { title: 'Parse once [skip ci]' }, ...skips },
  { name: 'a skip marker in a commit', ...said('Parse once\n\n[ci skip]'), ...skips },
  { name: 'a skip marker in capitals in a commit', ...said('[No CI] parse once'), ...skips },
  { name: 'a skip marker for actions in a commit', ...said('Parse once [skip actions]'), ...skips },
  { name: 'the skip trailer in a commit', ...said('Parse once\n\n\nskip-checks: true'), ...skips },
  { name: 'a skip marker with a hyphen in a commit', ...said('Parse once [skip-ci]'), ...skips },
  { name: 'a skip marker the other way round in a commit', ...said('Parse once [actions skip]'), ...skips },
  { name: 'a skip marker of more than one blank in a commit', ...said('Parse once [ skip \t ci ]'), ...skips },
  { name: 'a skip marker with an underscore in a commit', ...said('Parse once [skip_ci]'), ...skips },
  { name: "Azure's skip marker in a commit", ...said('Parse once ***NO_CI***'), ...skips },
  { name: "Azure's other skip marker in the title", pr: { title: 'Parse once [skip azp]' }, ...skips },
  { name: "Travis' skip marker in a commit", ...said('Parse once [travis skip]'), ...skips },
  { name: "CircleCI's and AppVeyor's skip marker in a commit", ...said('Parse once [skip appveyor]'), ...skips },
  { name: "Netlify's skip marker in a commit", ...said('Parse once [skip netlify]'), ...skips },
  { name: "Vercel's skip marker in a commit", ...said('Parse once [vercel skip]'), ...skips },
  { name: "Cloudflare Pages' skip marker in a commit", ...said('Parse once [CF-Pages-Skip]'), ...skips },
  { name: 'a skip marker for push alone in a commit', ...said('Parse once [skip push]'), ...passes },
  { name: 'the skip trailer without a blank in a commit', ...said('Parse once\n\nskip-checks:true'), ...skips },
  { name: 'the skip trailer that says false in a commit', ...said('Parse once\n\nskip-checks: false'), ...passes },
  { name: 'words about skipping that are no marker', ...said('Skip CI folders when parsing'), ...passes },
  {
    name: 'the pages of closing references were not all read',
    pr: { complete: { ...complete, closingIssues: false } },
    ...unread,
  },
  { name: 'the pages of commits were not all read', pr: { complete: { ...complete, commits: false } }, ...unread },
];
