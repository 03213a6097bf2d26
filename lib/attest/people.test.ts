import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readHumans, readMachines } from './people.ts';

const ada = '- { subject: ada@example.com, issuer: https://accounts.example.com }';

test('people are read with empty lists where none are given, and four eyes as they are said', () => {
  assert.deepEqual(readHumans(`humans:\n${ada}`), {
    humans: [
      {
        subject: 'ada@example.com',
        issuer: 'https://accounts.example.com',
        kind: 'email',
        logins: [],
        ids: [],
        groups: [],
      },
    ],
    fourEyes: null,
  });
  const known = readHumans('humans: [{ subject: "https://a/b", issuer: b, kind: uri, logins: [ada], ids: [7] }]');
  assert.deepEqual(known.humans[0], {
    subject: 'https://a/b',
    issuer: 'b',
    kind: 'uri',
    logins: ['ada'],
    ids: [7],
    groups: [],
  });
  assert.equal(readHumans(`fourEyes: false\nhumans:\n${ada}`).fourEyes, false);
  assert.deepEqual(readHumans('humans: []').humans, []);
  assert.deepEqual(readMachines('machines: [{ subject: a, issuer: b }]'), [{ subject: 'a', issuer: 'b' }]);
});

const unreadable: [string, string, RegExp][] = [
  ['nothing', '', /humans\.yaml cannot be read/],
  ['a list in place of a document', '- ada', /cannot be read/],
  ['people that are no list', 'humans: nobody', /\/humans/],
  ['a person without an issuer', 'humans: [{ subject: ada@example.com }]', /\/humans\/0/],
  ['an empty name', 'humans: [{ subject: "", issuer: b }]', /\/humans\/0\/subject/],
  ['a name with a space', 'humans: [{ subject: "ada ", issuer: b }]', /\/humans\/0\/subject/],
  ['a name that only looks like another', 'humans: [{ subject: "аda", issuer: b }]', /\/humans\/0\/subject/],
  ['a field that nobody knows', 'humans: [{ subject: a, issuer: b, expires: never }]', /\/humans\/0/],
  ['a kind of name that nobody knows', 'humans: [{ subject: a, issuer: b, kind: name }]', /\/humans\/0/],
  ['an account that is no number', 'humans: [{ subject: a, issuer: b, ids: [ada] }]', /\/humans\/0/],
  ['a switch that nobody knows', 'humans: []\nfoureyes: true', /cannot be read/],
  ['somebody twice', `humans:\n${ada}\n${ada}`, /lists ada@example\.com of \S+ twice/],
  ['a member twice', 'humans: []\nhumans: []', /is not YAML/],
  ['an alias', 'humans: [&a { subject: a, issuer: b }, *a]', /is not YAML/],
  ['a tab that YAML does not take', 'humans:\n\t- a', /is not YAML/],
];
for (const [title, yaml, says] of unreadable) {
  test(`a list of people is unreadable as a whole: ${title}`, () => {
    assert.throws(() => readHumans(yaml), { code: 'TrustUnreadable', message: says });
  });
}
