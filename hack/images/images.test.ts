import assert from 'node:assert/strict';
import { existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, normalize } from 'node:path';
import { type TestContext, test } from 'node:test';
import { validate } from 'dockerfile-utils';
import { parse } from 'yaml';
import { type Image, images } from './images.mjs';
import { reduced } from './lock.mjs';
import { sourcesOf } from './sources.mjs';

const root = join(import.meta.dirname, '..', '..');
const read = (path: string) => readFileSync(join(root, path), 'utf8');
const entriesOf = ({ entry, also }: Image) => [entry, ...also];

function checkout(t: TestContext, files: Record<string, string>): string {
  const folder = mkdtempSync(join(tmpdir(), 'rig-sources-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return folder;
}

test('an image has what its entry point loads: its own files, subpaths, re-exports and packages, but nothing of types alone', (t) => {
  const folder = checkout(t, {
    'package.json': '{"imports":{"#crds":"./crds/index.ts","#lib/*":"./lib/*/index.ts"}}',
    'a/main.ts':
      "import 'x';\nimport type { T } from './types.ts';\nimport {\n  one,\n} from '#lib/kube';\nimport '#crds';\n",
    'a/types.ts': "import 'never';",
    'lib/kube/index.ts': "export * from './client.ts';\nimport 'node:fs';",
    'lib/kube/client.ts': "const late = await import('@scope/late/deep');\nimport { z } from 'x/y';",
    'crds/index.ts': "export type { Z } from 'none';",
  });
  assert.deepEqual(sourcesOf(folder, ['a/main.ts']), {
    files: ['a/main.ts', 'crds/index.ts', 'lib/kube/client.ts', 'lib/kube/index.ts'],
    packages: ['@scope/late', 'x'],
  });
});

test('an import that leads nowhere stops the layout, and is named', (t) => {
  const folder = checkout(t, {
    'package.json': '{"imports":{}}',
    'a.ts': "import './gone.ts';",
    'b.ts': "import '#no';",
  });
  assert.throws(() => sourcesOf(folder, ['a.ts']), /a\.ts imports \.\/gone\.ts/);
  assert.throws(() => sourcesOf(folder, ['b.ts']), /nothing of #no/);
});

test('of the lock file an image keeps what its packages need, nested ones where they are found, and refuses what is for development', () => {
  const packages = {
    'node_modules/a': {
      version: '1.0.0',
      dependencies: { b: '^1' },
      optionalDependencies: { 'of-another-machine': '1' },
    },
    'node_modules/b': { version: '1.0.0', dependencies: { c: '^2' } },
    'node_modules/b/node_modules/c': { version: '2.0.0' },
    'node_modules/c': { version: '1.0.0' },
    'node_modules/tool': { version: '1.0.0', dev: true },
  };
  const manifest = { name: 'rig', version: '1', dependencies: { a: '1.0.0', c: '1.0.0' } };
  const made = reduced(manifest, { lockfileVersion: 3, packages }, ['a']);
  assert.deepEqual(Object.keys(made.lock.packages), [
    '',
    'node_modules/a',
    'node_modules/b',
    'node_modules/b/node_modules/c',
  ]);
  assert.deepEqual(made.manifest.dependencies, { a: '1.0.0' });
  assert.throws(() => reduced(manifest, { packages }, ['tool']), /tool is imported, but is no dependency/);
});

test('what a program reads beside its code is in its image', () => {
  for (const [name, image] of Object.entries(images)) {
    const { files } = sourcesOf(root, entriesOf(image));
    const there = (path: string) => files.includes(path) || image.data.includes(path);
    for (const file of files) {
      for (const [, parts = ''] of read(file).matchAll(/join\(import\.meta\.dirname,\s*((?:'[^']+',?\s*)+)\)/g)) {
        const path = normalize(join(dirname(file), ...[...parts.matchAll(/'([^']+)'/g)].map(([, part = '']) => part)));
        assert.ok(there(path), `${name}: ${file} reads ${path}`);
      }
    }
    for (const path of image.data) assert.ok(existsSync(join(root, path)), path);
  }
});

test('no image has a test, a double, or anything that only local mode has', () => {
  for (const [name, image] of Object.entries(images))
    for (const file of sourcesOf(root, entriesOf(image)).files)
      assert.doesNotMatch(
        file,
        /\.test\.ts$|-kit\.ts$|(^|\/)(double|testing|testdata)\/|^(local|test|hack|cli)\//,
        name,
      );
});

interface Stage {
  readonly base: string;
  readonly name: string;
  readonly text: string;
}

function stages(): Stage[] {
  return read('Dockerfile')
    .split(/^(?=FROM )/m)
    .slice(1)
    .map((text) => {
      const [, base = '', name = ''] = /^FROM (\S+) AS (\S+)/.exec(text) ?? [];
      return { base, name, text };
    });
}
const targets = [...Object.keys(images), 'kubelet'];
const stage = (name: string) => stages().find((one) => one.name === name) as Stage;
/** A stage and those it stands on. */
const chain = (name: string): string => (stage(name) ? chain(stage(name).base) + stage(name).text : '');

test('the Dockerfile has nothing that a linter minds', () => {
  const said = validate(read('Dockerfile'), {
    emptyContinuationLine: 2,
    deprecatedMaintainer: 2,
    instructionCasing: 2,
  });
  assert.deepEqual(
    said.map(({ message, range }) => `${range.start.line + 1}: ${message}`),
    [],
  );
});

test('every image of the table is a target with its layout, its entry point and a numbered user who is not root', () => {
  for (const name of targets) {
    const text = chain(name);
    assert.equal([...text.matchAll(/^USER (.*)$/gm)].at(-1)?.[1], '65532:65532', name);
    assert.ok(!/^(ADD|MAINTAINER|EXPOSE|ONBUILD) /m.test(text), name);
  }
  for (const [name, { entry }] of Object.entries(images)) {
    assert.ok(stage(name).text.includes(`COPY --from=layouts /layouts/${name} ./\n`), name);
    assert.ok(stage(name).text.includes(`ENTRYPOINT ["node", "${entry}"]`), name);
  }
});

test('images are built with the versions of Node and Go that the checkout is tested with, never with a moving tag', () => {
  const { devDependencies } = JSON.parse(read('package.json'));
  assert.ok(read('Dockerfile').includes(`ARG NODE_IMAGE=node:${devDependencies.node}-`));
  const [, go = ''] = /^go (\d+\.\d+)/m.exec(read('kubelet/go.mod')) ?? [];
  assert.match(read('Dockerfile'), new RegExp(`ARG GO_IMAGE=golang:${go.replace('.', '\\.')}\\.\\d+-`));
  const own = new Set(stages().map(({ name }) => name));
  for (const { base } of stages()) assert.ok(own.has(base) || /^scratch$|^\$\{(NODE|GO)_IMAGE\}$/.test(base), base);
});

test('the workflow builds every image for both machines, with an SBOM, provenance and a signature of its digest', () => {
  const { jobs, permissions } = parse(read('.github/workflows/images.yml'));
  assert.deepEqual(permissions, { contents: 'read' });
  const { strategy, steps } = jobs.image;
  assert.deepEqual(strategy.matrix.image, targets);
  const build = steps.find(({ uses = '' }) => uses.startsWith('docker/build-push-action@')).with;
  assert.deepEqual([build.sbom, build.provenance, build.push], [true, 'mode=max', true]);
  assert.equal(build.platforms, 'linux/amd64,linux/arm64');
  // A registry takes names in small letters alone, and the owner of a repository may have others.
  assert.match(steps.at(-1).run, /^cosign sign --yes "\$\{IMAGE,,\}@\$\{DIGEST\}"$/);
  assert.equal(steps.at(-1).shell, 'bash');
});

test('the workflows use every action by its commit, with the version beside it: a tag can be moved to other code', () => {
  const used = globSync('.github/workflows/*.yml', { cwd: root }).flatMap((file) =>
    [...read(file).matchAll(/uses:\s*(.*)$/gm)].map(([, action = '']) => action),
  );
  assert.ok(used.length > 5);
  for (const action of used) assert.match(action, /^[\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
});

test('the install names no image that is not built, and each by the version of the package', () => {
  const { version } = JSON.parse(read('package.json'));
  const named = globSync('config/**/*.yaml', { cwd: root }).flatMap((file) =>
    [...read(file).matchAll(/ghcr\.io\/dashecorp\/rig-([\w-]+)/g)].map(([, name = '']) => name),
  );
  assert.ok(named.length > 5);
  for (const name of named) assert.ok(targets.includes(name), name);
  const { images: tags } = parse(read('config/default/kustomization.yaml'));
  for (const { newTag } of tags) assert.equal(newTag, `v${version}`);
  assert.deepEqual(new Set(tags.map(({ name }: { name: string }) => name.split('/rig-')[1])), new Set(named));
});
