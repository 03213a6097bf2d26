import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Notice } from '#domain';
import { slackMessage } from './slack.ts';

const notice: Notice = {
  id: '0190@7',
  cause: '0190@7',
  type: 'human_gate.triggered',
  reminder: 0,
  namespace: 'team',
  issue: 'widgets-12',
  number: 12,
  url: 'https://forge.example/acme/widgets/issues/12',
  pullRequest: null,
  title: 'Fix the parser',
  reason: 'AskedForPerson',
  message: 'Which of the two?',
  since: Date.parse('2026-03-02T11:00:00Z'),
};
const told = (over: Partial<Notice> = {}) => JSON.parse(slackMessage({ ...notice, ...over }).body);
const mrkdwn = (body: { blocks: { text?: { type: string; text: string } }[] }) =>
  body.blocks.filter(({ text }) => text?.type === 'mrkdwn').map(({ text }) => text!.text);

test('a message for Slack says what is asked, of which issue, and how it is seen to', () => {
  assert.equal(
    told().text,
    [
      'A person is needed: team/widgets-12 (#12)',
      'Fix the parser',
      'Which of the two?',
      'AskedForPerson, since 2026-03-02T11:00Z. Seen to: rig ack widgets-12 --namespace team',
      notice.url,
    ].join('\n'),
  );
  assert.match(told({ type: 'human_gate.reminded', reminder: 3 }).text, /^A person is still needed \(reminder 3\): /);
  assert.match(told({ type: 'agent.stuck' }).text, /^An agent is stuck: /);
  assert.deepEqual(mrkdwn(told()), [`<${notice.url}|Open the issue>`]);
});

const HOSTILE = [
  '<!channel> @channel @everyone <@U0123> <#C1>',
  '<https://evil.example|Open the issue>',
  '[Open](https://evil.example) www.evil.example mailto:a@evil.example',
  '&lt;!here&gt; & <b>',
  'a\u202eb\u0000\u001b[31m\ud800',
];

for (const text of HOSTILE)
  test(`in a title or a message nobody is called and nothing is linked by ${JSON.stringify(text)}`, () => {
    const body = told({ title: text, message: text });
    assert.deepEqual([body.mrkdwn, body.link_names, body.unfurl_links], [false, false, false]);
    assert.deepEqual(mrkdwn(body), [`<${notice.url}|Open the issue>`], 'the only markup is ours');
    assert.doesNotMatch(body.text, /[<>]|@(channel|everyone|U0123|evil)|evil.*:\/\/|www\.|\]\(/);
    assert.doesNotMatch(body.text.replace(notice.url, ''), /:\/\//);
    for (const block of body.blocks)
      for (const part of [block.text, ...(block.elements ?? [])])
        if (part?.type === 'plain_text') assert.doesNotMatch(part.text, /@(channel|everyone)|:\/\/|www\.|<[!@#]/);
  });

test('whatever is written in an issue, the message is well formed, bounded, and without a character of control', () => {
  const text = fc.string({ unit: 'binary', maxLength: 300 });
  fc.assert(
    fc.property(text, text, (title, message) => {
      const { body } = slackMessage({ ...notice, title, message });
      assert.ok(body.isWellFormed() && body.length < 60_000);
      const { text: plain, blocks } = JSON.parse(body);
      assert.doesNotMatch(plain.replaceAll(/[\n\t]/g, ''), /\p{Cc}|[<>\u202a-\u202e\u2066-\u2069]/u);
      assert.ok(blocks.every((block: { text?: { text: string } }) => (block.text?.text.length ?? 0) <= 3_000));
    }),
  );
});

test('an address that closes the link is made part of it', () => {
  const [link] = mrkdwn(told({ url: 'https://forge.example/a|b>c/issues/12' }));
  assert.match(link!, /^<https:\/\/forge\.example\/a%7Cb%3Ec\/issues\/12\|Open the issue>$/);
  assert.deepEqual(mrkdwn(told({ url: null })), []);
});
