// Lays out what an image has in its folder: the program's own files and its production dependencies, nothing else.
import { execFile } from 'node:child_process';
import { copyFileSync, cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { images } from './images.mjs';
import { reduced } from './lock.mjs';
import { sourcesOf } from './sources.mjs';

/**
 * Fills `folder` with the image's files. Packages come from the registry or npm's cache, by the lock file, and run no script. Throws for
 * an image that there is none of, and what npm throws.
 */
export async function layOut(root, name, folder) {
  const image = images[name];
  if (image === undefined) throw new Error(`there is no image ${name}, only ${Object.keys(images).join(', ')}`);
  const { files, packages } = sourcesOf(root, [image.entry, ...image.also]);
  const read = (file) => JSON.parse(readFileSync(join(root, file), 'utf8'));
  const { manifest, lock } = reduced(read('package.json'), read('package-lock.json'), packages);
  mkdirSync(folder, { recursive: true });
  for (const file of [...files, 'LICENSE']) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    copyFileSync(join(root, file), join(folder, file));
  }
  for (const path of image.data) cpSync(join(root, path), join(folder, path), { recursive: true });
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  writeFileSync(join(folder, 'package-lock.json'), `${JSON.stringify(lock, null, 2)}\n`);
  const quiet = ['--no-audit', '--no-fund', '--loglevel=error'];
  await npm(folder, 'ci', '--omit=dev', '--ignore-scripts', '--prefer-offline', ...quiet);
}

/** Writes into a layout what is in it: `sbom.cdx.json`, a CycloneDX list of packages, versions and licences. */
export async function writeSBOM(folder) {
  const sbom = await npm(folder, 'sbom', '--sbom-format=cyclonedx', '--sbom-type=application', '--omit=dev');
  writeFileSync(join(folder, 'sbom.cdx.json'), sbom);
}

async function npm(cwd, ...args) {
  return (await promisify(execFile)('npm', args, { cwd, maxBuffer: 2 ** 26 })).stdout;
}
