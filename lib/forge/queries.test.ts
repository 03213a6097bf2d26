import assert from 'node:assert/strict';
import { test } from 'node:test';
import { schema } from '@octokit/graphql-schema';
import { buildSchema, parse, specifiedRules, validate } from 'graphql';
import * as queries from './queries.ts';

// The published schema defines one field twice, which only the validation of the schema itself minds.
const github = buildSchema(schema.idl, { assumeValidSDL: true });
const documents: [string, string][] = Object.entries(queries).flatMap(([name, value]) =>
  typeof value === 'string'
    ? [[name, value] as [string, string]]
    : Object.entries(value).map(([list, text]) => [`${name}.${list}`, text] as [string, string]),
);

documents.push(['pullRequestStatesQuery', queries.pullRequestStatesQuery([1, 22])]);
documents.push(['issueEditorsQuery', queries.issueEditorsQuery([1, 22])]);

for (const [name, text] of documents)
  test(`the GraphQL document ${name} is valid against GitHub's schema`, () => {
    assert.deepEqual(
      validate(github, parse(text), specifiedRules).map((error) => error.message),
      [],
    );
  });

test('a document with a field GitHub does not have is refused by the same validation', () => {
  const broken = queries.THREAD_BY_ID.replace('isOutdated', 'isStale');
  assert.equal(validate(github, parse(broken), specifiedRules).length, 1);
});
