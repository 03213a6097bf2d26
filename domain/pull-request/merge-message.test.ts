import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mergeMessage } from './text.ts';

const written = (title: string, reviewers: readonly string[] = ['review-e']) =>
  mergeMessage({
    issue: { name: 'fix-parser', number: 12, title },
    tier: 'T1',
    taskClass: 'bugfix',
    agent: 'dev-e',
    attempt: 2,
    pullRequest: 34,
    headSHA: 'a'.repeat(40),
    reviewers,
  });
const MESSAGE = `Closes #12

Rig-Issue: fix-parser
Rig-Agent: dev-e
Rig-Attempt: 2
Rig-Tier: T1
Rig-Head: ${'a'.repeat(40)}
Reviewed-by: review-e
`;
const BREAK = '\u200b';

const golden: [string, string, string][] = [
  ['an ordinary title', 'Dotted keys are parsed twice', 'Dotted keys are parsed twice'],
  ['a closing keyword', 'Parse once, fixes #13', 'Parse once, fixes issue #13'],
  ['a closing keyword over lines', 'Parse what it closes\r\n\r\n#13', 'Parse what it closes issue #13'],
  ['a skip marker', 'Parse once [skip ci]', 'Parse once (skip ci)'],
  ['a skip marker broken by a control character', 'Parse once [ski\u0007p ci]', 'Parse once (skip ci)'],
  ['a skip marker of Azure', '***NO_CI*** parse', '(NO_CI) parse'],
  ['a trailer', 'Parse\n\nskip-checks: true', 'Parse skip-checks: true'],
  ['a co-author', 'Parse\n\nCo-authored-by: Mallory <m@example.com>', 'Parse Co-authored-by: Mallory <m@example.com>'],
  ['a mention', 'Ask @acme/admins', `Ask @${BREAK}acme/admins`],
  ['a marker of ours', 'x <!-- rig:merge:1 -->', `x <${BREAK}!-- rig:merge:1 --${BREAK}>`],
  ['a turned direction', 'safe\u202e txe.sh', 'safe txe.sh'],
  ['terminal codes', '\u001b[31mred\u001b[0m \u0000nul', '[31mred[0m nul'],
  ['a shell command', '$(rm -rf /) `id` ; true', '$(rm -rf /) `id` ; true'],
  ['nothing', ' \n\t ', 'Change without a title'],
  ['64 KiB', 'x'.repeat(65_536), 'x'.repeat(180)],
];
for (const [what, title, expected] of golden) {
  test(`the title of a merge from an issue title with ${what} is data, and its message is the same`, () => {
    assert.deepEqual(written(title), { title: `${expected} (#34)`, message: MESSAGE });
  });
}

test('a login in the message of a merge is one line that adds no trailer', () => {
  const { message } = written('x', ['ada\nCloses #13\n\nCo-authored-by: Mallory <m@example.com>']);
  assert.deepEqual(message.split('\n').slice(-2), [
    'Reviewed-by: ada Closes issue #13 Co-authored-by: Mallory <m@example.com>',
    '',
  ]);
});
