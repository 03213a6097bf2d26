import assert from 'node:assert/strict';
import { test } from 'node:test';
import { conditionTypes } from './conditions.ts';
import { customResourceDefinitions, type Schema } from './definitions.ts';
import { annotations, finalizers, labels, taints } from './names.ts';
import { isReason, reason, reasons } from './reasons.ts';
import { group, resources, version } from './resources.ts';

const definitions = await customResourceDefinitions();

test('the descriptors are those of the definitions, kind by kind', () => {
  const described = definitions.map(({ spec }) => [
    spec.names.kind,
    {
      group: spec.group,
      version: spec.versions[0]?.name,
      plural: spec.names.plural,
      kind: spec.names.kind,
      namespaced: spec.scope === 'Namespaced',
    },
  ]);
  assert.deepEqual(Object.fromEntries(described), resources);
});

test('every kind is served in one version, with a status subresource, in the category rig', () => {
  for (const { spec } of definitions) {
    assert.deepEqual(spec.names.categories, ['rig']);
    assert.deepEqual(
      spec.versions.map(({ name, served, storage, subresources }) => ({ name, served, storage, subresources })),
      [{ name: version, served: true, storage: true, subresources: { status: {} } }],
    );
  }
});

test('the printer columns are the documented ones', () => {
  const columns = definitions.map(({ spec }) => [
    spec.names.kind,
    spec.versions[0]!.additionalPrinterColumns.map(({ name }) => name.toUpperCase()),
  ]);
  assert.deepEqual(Object.fromEntries(columns), {
    Repository: ['FORGE', 'OPEN', 'READY'],
    Agent: ['ROLE', 'MODEL', 'RUNNING', 'READY'],
    Issue: ['REPO', '#', 'TIER', 'CLASS', 'PHASE', 'PR', 'WHY', 'COST', 'AGE'],
    AgentTask: ['SUBJECT', 'AGENT', 'KIND', 'PHASE', 'COST', 'AGE'],
    TierPolicy: ['RULES', 'READY'],
    Approval: ['ISSUE', 'SCOPE', 'BY', 'VERIFIED'],
  });
});

test('every field is described, and every list, map and string is bounded', () => {
  const problems: string[] = [];
  const visit = (schema: Schema, path: string) => {
    if (!schema.description && !path.endsWith('[]') && !path.endsWith('{}'))
      problems.push(`${path} has no description`);
    if (schema.type === 'array' && schema.maxItems === undefined) problems.push(`${path} has no maxItems`);
    if (schema.additionalProperties && schema.maxProperties === undefined)
      problems.push(`${path} has no maxProperties`);
    const text = schema.type === 'string' && schema.enum === undefined && schema.format === undefined;
    if (text && schema.maxLength === undefined) problems.push(`${path} has no maxLength`);
    for (const [name, child] of Object.entries(schema.properties ?? {})) visit(child, `${path}.${name}`);
    if (schema.items) visit(schema.items, `${path}[]`);
    if (schema.additionalProperties) visit(schema.additionalProperties, `${path}{}`);
  };
  for (const { spec } of definitions) {
    const { properties } = spec.versions[0]!.schema.openAPIV3Schema;
    visit(properties!.spec!, `${spec.names.kind}.spec`);
    visit(properties!.status!, `${spec.names.kind}.status`);
  }
  assert.deepEqual(problems, []);
});

test('labels, annotations, finalizers and taints are under the group, each name once', () => {
  const names = [
    ...Object.values(labels),
    ...Object.values(annotations),
    ...Object.values(taints).map(({ key }) => key),
  ];
  assert.equal(new Set(names).size, names.length);
  for (const name of [...names, ...Object.values(finalizers)]) assert.ok(name.startsWith(`${group}/`), name);
});

test('every reason is one PascalCase word with one sentence', () => {
  for (const [name, sentence] of Object.entries(reasons)) {
    assert.match(name, /^[A-Z][A-Za-z0-9]{2,63}$/);
    assert.match(sentence, /^[A-Z].*\.$/, name);
    assert.equal(reason(name as keyof typeof reasons), name);
  }
});

test('a word that is no reason, or a property every object has, is not taken for one', () => {
  assert.equal(isReason('ChecksMissing'), true);
  assert.equal(isReason('SomethingElse'), false);
  assert.equal(isReason('toString'), false);
});

test('every condition type is PascalCase, and an abnormal one says so', () => {
  for (const [name, type] of Object.entries(conditionTypes)) {
    assert.match(name, /^[A-Z][A-Za-z]+$/);
    assert.equal(
      type.polarity === 'abnormal-true',
      ['Reconciling', 'Stalled', 'Renamed', 'RateLimited', 'PromotionUnreachable', 'TrustedRootExpiring'].includes(
        name,
      ),
      name,
    );
  }
});
