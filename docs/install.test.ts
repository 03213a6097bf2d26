import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { annotations, labels } from '#crds';
import { readSource } from '../hack/generate/chart/source.ts';

const root = join(import.meta.dirname, '..');
const page = readFileSync(join(root, 'docs/install.md'), 'utf8');
const manifests = ['default', 'tenant'].flatMap((folder) =>
  readSource(join(root, 'config', folder)).flatMap((file) => file.manifests),
);
const blocks = (language: string) =>
  [...page.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'gms'))].map(([, text = '']) => text);

interface Volume {
  readonly secret?: { readonly secretName: string; readonly optional?: boolean };
}

function secretsOfPods(): { required: string[]; optional: string[] } {
  const volumes = manifests
    .filter(({ kind }) => kind === 'Deployment')
    .flatMap(({ spec }) => (spec as { template: { spec: { volumes: Volume[] } } }).template.spec.volumes);
  const names = (isOptional: boolean) =>
    volumes.flatMap(({ secret }) => (secret && (secret.optional ?? false) === isOptional ? [secret.secretName] : []));
  return { required: names(false), optional: names(true) };
}

test('the page of the install makes every Secret that a pod waits for, and none that nobody mounts', () => {
  const made = [...page.matchAll(/create secret generic (\S+) --from-literal='?(\w+)=/g)].map(([, name = '']) => name);
  const { required, optional } = secretsOfPods();
  for (const name of required) assert.ok(made.includes(name), name);
  for (const name of made) assert.ok([...required, ...optional].includes(name), name);
});

test('every key of those Secrets is a file that a program is told to read', () => {
  const paths = JSON.stringify(manifests);
  for (const [, name = '', key] of page.matchAll(/create secret generic rig-(\S+) --from-literal='?(\w+)=/g)) {
    const folder = name.endsWith('-database') ? 'database' : name.replace(/-token$/, '');
    assert.ok(paths.includes(`/etc/rig/${folder}/${key}"`), `${name}: ${key}`);
  }
});

test('every folder that a command of the install names is there, and every object of the rig’s system', () => {
  const commands = [...blocks('sh'), ...[...page.matchAll(/`((?:kubectl|helm) [^`]+)`/g)].map(([, text = '']) => text)];
  assert.ok(commands.length > 5);
  for (const text of commands) {
    for (const [path] of text.matchAll(/\b(config|charts)\/[a-z]+/g)) assert.ok(existsSync(join(root, path)), path);
    for (const [, kind = '', name] of text.matchAll(/\b(deployment|cronjob)\/(rig-[a-z]+)/g))
      assert.ok(
        manifests.some((one) => one.kind.toLowerCase() === kind && one.metadata.name === name),
        `${kind} ${name}`,
      );
  }
});

test('the Secret for a forge carries the label and the annotation that the conductor asks for', () => {
  const secret = blocks('yaml')
    .map((text) => parse(text))
    .find(({ kind }) => kind === 'Secret');
  assert.deepEqual(Object.keys(secret.metadata.labels), [labels.forge]);
  assert.deepEqual(Object.keys(secret.metadata.annotations), [annotations.forgeHost]);
});

test('the roles of the database are those that migrations grant to', () => {
  const [sql = ''] = blocks('sql');
  for (const program of ['proxy', 'egress']) {
    const { 0: name = '' } = /rig_\w+/.exec(readFileSync(join(root, migration(program)), 'utf8')) ?? [];
    assert.ok(sql.includes(`CREATE ROLE ${name} `), `${program}: ${name}`);
  }
});

const migration = (program: string) =>
  program === 'proxy' ? 'proxy/migrations/20260101000000_usage.sql' : 'egress/migrations/20260101000000_outbox.sql';
