import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { PullRequestRequest } from '#lib/conductor';
import { SANDBOX_ID, startPod } from './double/pod.ts';

const skip = process.getuid?.() === 0 ? false : 'each side gets a uid of its own, which takes root';
const STEPS = `
steps:
  - name: write
    when: { kind: implement, toolCallsSoFar: 0 }
    answer: { toolUse: [{ name: write, input: { path: a.txt, content: "changed\\n" } }] }
  - name: done
    when: { kind: implement, lastTool: write }
    answer: { toolUse: [{ name: done, input: { title: Change a, what: a, why: b, risk: c } }] }
`;

/** Works a task whose tests are `script`, which stands in the repository as an attacker would have put it there. */
async function attacked(t: TestContext, script: string, env: Record<string, string> = {}) {
  const files = { 'a.txt': 'one\n', 'attack.sh': script, '.rig-agent.yaml': 'testCommand: bash attack.sh\n' };
  const pod = await startPod(t, { files, steps: STEPS, apart: true, env });
  const [code] = await once(pod.child, 'exit');
  const [opened] = pod.double.bodies('pull-request') as PullRequestRequest[];
  const end = pod.double.events.at(-1)?.data as { reason?: string; message?: string } | undefined;
  return { ...pod, code, proof: opened?.proof ?? '', end };
}

test('a test script finds no way to the runtime: files, environment, memory, signals, repository', {
  skip,
}, async (t) => {
  const attempts = {
    token: 'cat "$POD/token/token"',
    folder: 'ls "$POD/token"',
    environ: 'cat /proc/$RUNTIME/environ',
    memory: 'head -c1 /proc/$RUNTIME/mem',
    descriptors: 'ls /proc/$RUNTIME/fd/*',
    cwd: 'ls /proc/$RUNTIME/cwd/',
    signal: 'kill -0 $RUNTIME',
    stop: 'kill -STOP $RUNTIME',
    config: 'echo >> "$ORIGIN/config"',
    object: 'touch "$ORIGIN/objects/x"',
    ref: 'echo x > "$ORIGIN/refs/heads/evil"',
    hook: 'touch "$ORIGIN/hooks/pre-push"',
    swap: 'mv "$ORIGIN" "$ORIGIN.old"',
    alternates: 'echo /tmp > "$ORIGIN/objects/info/alternates"',
    renice: 'renice -n 19 -p $RUNTIME',
    variables: 'env | grep -q "^RIG_"',
    secrets: 'grep -rq "\\(pod\\|conductor\\|proxy\\|egress\\)[-]token" "$ORIGIN" "$POD/run" /tmp/rig* 2>/dev/null',
  };
  const script = [
    'POD=$(cd ../../../../..; pwd); ORIGIN="$POD/var/lib/rig/origin/origin.git"',
    'RUNTIME=$(for p in /proc/[0-9]*; do tr "\\0" " " < $p/cmdline 2>/dev/null | grep -q "agent-image/main.ts" && [ "$(stat -c %u $p)" = 65532 ] && basename $p; done | tail -1)',
    '[ -n "$RUNTIME" ] && echo "runtime: seen"',
    ...Object.entries(attempts).map(
      ([name, line]) => `if ( ${line} ) >/dev/null 2>&1; then echo "${name}: OPEN"; else echo "${name}: closed"; fi`,
    ),
    'exit 0',
  ].join('\n');
  const { end, proof } = await attacked(t, script);
  assert.equal(end?.reason, 'Delivered', end?.message);
  assert.match(proof, /runtime: seen/);
  for (const name of Object.keys(attempts)) assert.match(proof, new RegExp(`^${name}: closed$`, 'm'), proof);
});

test('hooks, filters, a file monitor and commands in the configuration of the worktree run as the sandbox or not at all', {
  skip,
}, async (t) => {
  const script = [
    'C="$PWD/../canary"; S="$PWD/../evil.sh"; printf "#!/bin/sh\\nid -u >> $C\\ncat\\n" > "$S"; chmod 755 "$S"',
    'for h in pre-commit commit-msg post-commit pre-push reference-transaction post-checkout pre-receive; do cp "$S" .git/hooks/$h; done',
    'for k in core.fsmonitor core.sshCommand core.pager core.gitProxy credential.helper diff.external uploadpack.packObjectsHook core.alternateRefsCommand filter.x.clean filter.x.smudge filter.x.process; do git config $k "$S"; done',
    'git config core.hooksPath .git/hooks; git config http.proxy http://127.0.0.1:1; git config url.http://127.0.0.1:1/.insteadOf http://',
    'echo "* filter=x diff=x" > .gitattributes; mkdir -p .git/info; echo "* filter=x" > .git/info/attributes',
    'git status >/dev/null 2>&1; exit 0',
  ].join('\n');
  const { end, root, repository } = await attacked(t, script);
  assert.equal(end?.reason, 'Delivered', end?.message);
  assert.equal(repository.git('show', 'rig/i7/1:a.txt'), 'changed');
  const canary = join(root, 'var/lib/rig/work/canary');
  if (existsSync(canary)) {
    assert.deepEqual([...new Set(readFileSync(canary, 'utf8').trim().split('\n'))], [String(SANDBOX_ID)]);
    assert.equal(statSync(canary).uid, SANDBOX_ID);
  }
});

test('the worktree’s .git becomes a link to the runtime’s repository: the task fails and the repository is as it was', {
  skip,
}, async (t) => {
  const script =
    'ORIGIN=$(dirname "$(cat .git/objects/info/alternates)"); mv .git ../old; ln -s "$ORIGIN" .git; exit 0';
  const { end, root, repository, code } = await attacked(t, script);
  assert.equal(code, 1);
  assert.match(`${end?.reason}`, /GitFailed|SandboxFailed|TestsFailed/, end?.message);
  assert.equal(repository.git('for-each-ref', '--format=%(refname)'), 'refs/heads/main');
  const config = readFileSync(join(root, 'var/lib/rig/origin/origin.git/config'), 'utf8');
  assert.doesNotMatch(config, /gc|rig\/base|safe/);
});

test('the worktree becomes a link to a folder of the machine: nothing is delivered, and nothing is written there', {
  skip,
}, async (t) => {
  const before = statSync('/etc').mtimeMs;
  const { end, repository, code } = await attacked(t, 'T=$PWD; cd ..; mv tree moved; ln -s /etc tree; exit 0');
  assert.equal(code, 1);
  assert.match(`${end?.reason}`, /GitFailed|SandboxFailed/, end?.message);
  assert.equal(repository.git('for-each-ref', '--format=%(refname)'), 'refs/heads/main');
  assert.equal(statSync('/etc').mtimeMs, before);
});

test('a test script kills the sandbox: the task fails in one sentence, and at once', { skip }, async (t) => {
  const { end, code, repository } = await attacked(t, 'kill -KILL $PPID; exit 0');
  assert.deepEqual([end?.reason, code], ['SandboxFailed', 1], end?.message);
  assert.match(end?.message ?? '', /closed the connection before its answer was whole \(run\)/);
  assert.equal(repository.git('for-each-ref', '--format=%(refname)'), 'refs/heads/main');
});

const IMPOSTOR = (body: string) => `
const { createServer } = require('node:http');
const { existsSync, unlinkSync, watch, writeFileSync } = require('node:fs');
const socket = process.argv[2];
process.umask(0);
unlinkSync(socket);
createServer((request, answer) => { ${body} }).listen(socket, () => {
  // Nobody ends it, here where no container does: it goes with its socket.
  watch('.', () => existsSync(socket) || process.exit());
  setTimeout(process.exit, 60_000);
  writeFileSync(socket + '.up', '');
});
`;

/** Starts `body` in place of the sandbox's server, outside of the group that ends with the script, and waits until it listens. */
const impersonated = (body: string) => `
cat > ../impostor.cjs <<'JS'
${IMPOSTOR(body)}
JS
S=$(cd ../../../../..; pwd)/run/rig
cd "$S"; setsid node "$OLDPWD/../impostor.cjs" sandbox.sock >/dev/null 2>&1 </dev/null 3>&- &
while [ ! -e "$S/sandbox.sock.up" ]; do :; done
exit 0
`;

test('an impostor on the socket that floods ends the task, which does not run out of memory', { skip }, async (t) => {
  const flood =
    "answer.writeHead(200); const more = () => { while (answer.write('x'.repeat(65536))); answer.once('drain', more); }; more();";
  const steps = impersonated(flood).replace('exit 0', 'exit 1');
  const { end, code } = await attacked(t, steps);
  assert.deepEqual([end?.reason, code], ['SandboxFailed', 1], end?.message);
  assert.match(end?.message ?? '', /more than 4194304 bytes/);
});

test('an impostor that forges proofs gets nothing delivered but what the runtime had accepted before', {
  skip,
}, async (t) => {
  const forged = `const name = request.url.slice(4);
    const SHA = 'f'.repeat(40);
    const all = { marks: { paths: [] }, commit: { head: SHA, created: true, stat: '' }, uncommit: {}, digest: { digest: SHA },
      run: { exitCode: 0, timedOut: false, output: 'all fine', milliseconds: 1, head: SHA } };
    if (name === 'bundle') { answer.writeHead(200); answer.end('# v2 git bundle\\n' + SHA + ' HEAD\\n\\nPACK'); return; }
    answer.writeHead(200, { 'content-type': 'application/json' }); answer.end(JSON.stringify(all[name] ?? {}));`;
  const again = `${STEPS}  - name: again
    when: { kind: implement, lastTool: done }
    answer: { toolUse: [{ name: done, input: { title: Change a, what: a, why: b, risk: c } }] }
`;
  const files = {
    'a.txt': 'one\n',
    'attack.sh': impersonated(forged).replace('exit 0', 'exit 1'),
    '.rig-agent.yaml': 'testCommand: bash attack.sh\n',
  };
  const { child, double, repository } = await startPod(t, { files, steps: again, apart: true });
  const [code] = await once(child, 'exit');
  const end = double.events.at(-1)?.data as { reason?: string; message?: string };
  assert.deepEqual([end.reason, code], ['BundleRefused', 1], end.message);
  assert.deepEqual(double.bodies('pull-request'), []);
  assert.equal(repository.git('for-each-ref', '--format=%(refname)'), 'refs/heads/main');
});

test('without a way out a program in the sandbox is told so in one sentence', { skip }, async (t) => {
  const script = `node -e "require('http').get({ port: new URL(process.env.HTTP_PROXY).port, path: 'http://example.test/' },
    (answer) => { process.stdout.write(answer.statusCode + ' '); answer.pipe(process.stdout); })"; exit 0`;
  const { proof } = await attacked(t, script);
  assert.match(proof, /403 This task has no way out/);
});
