// Builds the Go programs once and keeps them outside the checkout. Plain JavaScript, run before anything is installed.
import { execFile, spawn } from 'node:child_process';
import { existsSync, mkdirSync, realpathSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { BuildError, buildFailed, goTooOld, noGo, unknownBinary } from './errors.mjs';
import { tryLock, unlock } from './lock.mjs';
import { readGoMod, sourceHash } from './sources.mjs';

export { BuildError };

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const PROGRESS_EVERY_MS = 10_000;
const LAST_LINES = 15;

/**
 * Go programs by name: the folder of the module, the requirement whose version the binary reports, and the packages to
 * build with what is added to the binary's name for each. The plain one comes last: once it is there, all are.
 */
const programs = {
  controlplane: { dir: join(root, 'local', 'controlplane'), reports: 'k8s.io/kubernetes', packages: [['', '.']] },
  kubelet: {
    dir: join(root, 'kubelet'),
    reports: 'k8s.io/api',
    packages: [
      ['-shim', './shim'],
      ['-wall', './wall'],
      ['', '.'],
    ],
  },
  // For tests: what Flux says of an object.
  kstatus: { dir: join(root, 'test', 'kit', 'kstatus'), reports: 'k8s.io/apimachinery', packages: [['', '.']] },
  // For tests: the Flux controller that applies what is in git; what it says of a Kustomization is what a deployment waits for.
  'kustomize-controller': {
    dir: join(root, 'test', 'kit', 'flux'),
    reports: 'k8s.io/api',
    packages: [['', 'github.com/fluxcd/kustomize-controller']],
  },
  // For tests: Sigstore's own tool, which judges what the rig signs and signs what the rig judges.
  cosign: {
    dir: join(root, 'test', 'kit', 'cosign'),
    reports: 'k8s.io/api',
    packages: [['', 'github.com/sigstore/cosign/v3/cmd/cosign']],
  },
  // For tests: the policy engine that enforces policies/kyverno in a cluster, and its tool that tries them without one.
  kyverno: {
    dir: join(root, 'hack', 'kyverno'),
    reports: 'k8s.io/api',
    packages: [
      ['-cli', 'github.com/kyverno/kyverno/cmd/cli/kubectl-kyverno'],
      ['', 'github.com/kyverno/kyverno/cmd/kyverno'],
    ],
  },
  // For tests: the Prometheus that service levels are asked of. What finds targets in clouds and clusters is left out: tests name theirs.
  prometheus: {
    dir: join(root, 'test', 'kit', 'prometheus'),
    reports: 'k8s.io/api',
    tags: 'remove_all_sd',
    packages: [['', 'github.com/prometheus/prometheus/cmd/prometheus']],
  },
  // What tests ask about the install: tools of others, at the versions of hack/tools/go.mod.
  helm: { dir: join(root, 'hack', 'tools'), reports: 'k8s.io/api', packages: [['', 'helm.sh/helm/v4/cmd/helm']] },
  actionlint: {
    dir: join(root, 'hack', 'tools'),
    reports: 'k8s.io/api',
    packages: [['', 'github.com/rhysd/actionlint/cmd/actionlint']],
  },
};

export function cacheDir(env = process.env) {
  return env.RIG_CACHE_DIR || join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'rig');
}

/**
 * The absolute path of a program's binary for this machine, built if these sources were never built here before.
 * `onProgress` gets one line about every ten seconds while it builds. Throws a {@link BuildError}.
 * Several processes may ask at once: one builds, the others wait for it.
 */
export async function ensureBinary(name, { onProgress = () => {}, env = process.env } = {}) {
  const program = programs[name];
  if (!program) throw unknownBinary(name, Object.keys(programs));
  const mod = readGoMod(program.dir, program.reports);
  const toolchain = await readToolchain(name, program.dir, mod.go, env);
  const flags = linkerFlags(mod.version);
  const tags = program.tags === undefined ? [] : [program.tags];
  const hash = sourceHash(program.dir, [toolchain.GOVERSION, toolchain.GOOS, toolchain.GOARCH, flags, ...tags]);
  const binary = join(cacheDir(env), 'bin', `${name}-${hash}`);
  if (existsSync(binary)) return binary;
  mkdirSync(dirname(binary), { recursive: true });
  await whileLocked(`${binary}.lock`, { name, onProgress, done: () => existsSync(binary) }, () =>
    build({ name, program, binary, flags, onProgress, env }),
  );
  return binary;
}

function linkerFlags(version) {
  const [major, minor] = version.split('.');
  // The staging modules number Kubernetes 1.36.3 as 0.36.3.
  const kubernetes = `v${major === '0' ? `1.${version.slice(2)}` : version}`;
  const set = (field, value) => `-X k8s.io/component-base/version.${field}=${value}`;
  return ['-s', '-w', set('gitVersion', kubernetes), set('gitMajor', 1), set('gitMinor', minor)].join(' ');
}

/** Also the first moment at which a newer toolchain is fetched, where Go is allowed to. */
async function readToolchain(name, dir, wanted, env) {
  try {
    const { stdout } = await promisify(execFile)('go', ['env', '-json', 'GOVERSION', 'GOOS', 'GOARCH'], {
      cwd: dir,
      env,
    });
    return JSON.parse(stdout);
  } catch (error) {
    if (error.code === 'ENOENT') throw noGo(name, wanted);
    const detail = String(error.stderr ?? error.message)
      .trim()
      .split('\n')
      .at(-1);
    throw goTooOld(name, wanted, detail);
  }
}

async function whileLocked(file, { name, onProgress, done }, work) {
  let reported = Number.NEGATIVE_INFINITY;
  for (;;) {
    const holder = tryLock(file);
    if (holder === true) break;
    if (Date.now() - reported >= PROGRESS_EVERY_MS) {
      onProgress(`${name}: another process (${holder}) is building it; waiting`);
      reported = Date.now();
    }
    await wait(250);
  }
  try {
    if (!done()) await work();
  } finally {
    unlock(file);
  }
}

async function build({ name, program, binary, flags, onProgress, env }) {
  const started = Date.now();
  const seconds = () => Math.round((Date.now() - started) / 1000);
  let last = '';
  let packages = 0;
  onProgress(`${name}: building from Go sources, once; a few minutes on a machine that never built it`);
  const timer = setInterval(() => {
    onProgress(`${name}: ${seconds()} s, ${packages} packages compiled${last ? `, now ${last}` : ''}`);
  }, PROGRESS_EVERY_MS);
  const onLine = (line) => {
    if (!line.startsWith('go: ')) packages += 1;
    last = line.replace(/^go: /, '');
  };
  try {
    for (const [suffix, path] of program.packages) {
      await buildOne({
        name,
        dir: program.dir,
        tags: program.tags ?? '',
        target: `${binary}${suffix}`,
        path,
        flags,
        env,
        onLine,
      });
    }
    onProgress(`${name}: built in ${seconds()} s`);
  } finally {
    clearInterval(timer);
  }
}

async function buildOne({ name, dir, tags, target, path, flags, env, onLine }) {
  // Building beside the target and renaming: a build that is cut short is never taken for a finished one.
  const temporary = `${target}.building-${process.pid}`;
  const args = ['build', '-v', '-trimpath', '-tags', tags, '-ldflags', flags, '-o', temporary, path];
  try {
    const { code, lines } = await run('go', args, { cwd: dir, env: { ...env, CGO_ENABLED: '0' } }, onLine);
    if (code !== 0) throw buildFailed(name, 'go build', lines);
    renameSync(temporary, target);
  } finally {
    rmSync(temporary, { force: true });
  }
}

function run(command, args, options, onLine) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { ...options, stdio: ['ignore', 'inherit', 'pipe'] });
    const lines = [];
    let rest = '';
    child.stderr.setEncoding('utf8').on('data', (chunk) => {
      const parts = (rest + chunk).split('\n');
      rest = parts.pop();
      for (const line of parts) {
        onLine(line);
        lines.push(line);
        if (lines.length > LAST_LINES) lines.shift();
      }
    });
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, lines: rest ? [...lines, rest] : lines }));
  });
}

async function main(names) {
  for (const name of names.length > 0 ? names : Object.keys(programs)) {
    console.log(await ensureBinary(name, { onProgress: (line) => console.error(line) }));
  }
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  main(process.argv.slice(2)).catch((error) => {
    console.error(error instanceof BuildError ? error.message : error);
    process.exitCode = 1;
  });
}
