import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { clusterLife, testCluster, testNamespace } from '../test/kit/cluster.ts';
import { type TestKubelet, testKubelet } from '../test/kit/cluster-kubelet.ts';
import { until } from '../test/kit/cluster-wait.ts';
import {
  adminCredential,
  askKubelet,
  runPod,
  shellImage,
  shellPod,
  startKubectl,
  startOnTerminal,
  untilPod,
} from './pods.int-kit.ts';

const node = `host-${randomBytes(3).toString('hex')}`;
const pod = (script: string, container: object = {}, spec: object = {}) => shellPod(node, script, container, spec);

/** kubectl speaks WebSocket to the API server by default, and SPDY when told so. */
const transports = {
  WebSocket: {},
  SPDY: { KUBECTL_REMOTE_COMMAND_WEBSOCKETS: 'false', KUBECTL_PORT_FORWARD_WEBSOCKETS: 'false' },
} satisfies Record<string, Record<string, string>>;

const LOG_BYTES = 65_536;
let kubelet: TestKubelet;

before(async () => {
  const flags = [`--max-log-bytes=${LOG_BYTES}`, '--max-log-files=3'];
  const images = { ...shellImage, 'rig-node:*': { directory: '/', command: [process.execPath, '-e'] } };
  kubelet = await testKubelet(clusterLife, node, images, { flags });
});

for (const [name, env] of Object.entries(transports)) {
  test(`exec over ${name} keeps both streams apart, carries input and ends with the command's exit code`, async (t) => {
    const ns = await testNamespace(t);
    await runPod(ns, 'shell', pod('sleep 1000'));
    const script = 'cat; echo to-err >&2; exit 7';
    const run = await startKubectl(t, ['exec', '-i', '-n', ns, 'shell', '--', 'sh', '-c', script], env);
    const text = 'line\n'.repeat(50_000);
    run.child.stdin.end(text);
    assert.equal(await run.exit, 7);
    assert.equal(run.out(), text);
    assert.match(run.err(), /^to-err\n/);
  });

  test(`exec -it over ${name} gives a terminal of the caller's size and follows it`, async (t) => {
    const ns = await testNamespace(t);
    await runPod(ns, 'shell', pod('sleep 1000'));
    const dir = await mkdtemp(join(tmpdir(), 'rig-tty-'));
    t.after(() => rm(dir, { recursive: true }));
    const inside = `until [ "$(stty size)" = "30 100" ]; do sleep 0.05; done; echo "is-first"; until [ "$(stty size)" = "45 123" ]; do sleep 0.05; done; echo "is-second"; read word; echo "got $word"; exit 3`;
    await writeFile(join(dir, 'inside'), inside);
    const run = await startOnTerminal(
      t,
      `stty rows 30 cols 100; T=$(tty); (until [ -e ${dir}/go ]; do sleep 0.05; done; stty -F "$T" rows 45 cols 123) & $KUBECTL exec -it -n ${ns} shell -- sh -c "$(cat ${dir}/inside)"`,
      env,
    );
    await until('the first size arrives', () => run.out().includes('is-first'));
    await writeFile(join(dir, 'go'), '');
    await until('the second size arrives', () => run.out().includes('is-second'));
    run.child.stdin.write('word\r');
    assert.equal(await run.exit, 3);
    assert.match(run.out(), /got word\r\n/);
  });

  test(`port-forward over ${name} carries bytes both ways, also after one side has said all it will`, async (t) => {
    const ns = await testNamespace(t);
    await runPod(ns, 'server', pod('sleep 1000'));
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      socket.pipe(socket);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    t.after(() => server.close());
    const { port } = server.address() as { port: number };
    const run = await startKubectl(t, ['port-forward', '-n', ns, 'pod/server', `:${port}`], env);
    const local = Number(await until('it forwards', () => /127\.0\.0\.1:(\d+) ->/.exec(run.out())?.[1]));
    const sent = randomBytes(300_000);
    assert.deepEqual(await echo(local, sent), sent);
    assert.deepEqual(await echo(local, Buffer.from('again')), Buffer.from('again'));
  });
}

/** What comes back of bytes sent to a port of this machine, to its end. */
function echo(port: number, bytes: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const socket = connect({ port, host: '127.0.0.1' });
    socket.on('data', (chunk) => {
      chunks.push(chunk);
      if (chunks.reduce((sum, { length }) => sum + length, 0) >= bytes.length) socket.end();
    });
    socket.on('error', reject).on('close', () => resolve(Buffer.concat(chunks)));
    socket.write(bytes);
  });
}

test('probes and port-forward reach a port of a container with a network of its own, and nobody else does', async (t) => {
  const ns = await testNamespace(t);
  const { api } = await testCluster();
  const port = 20_000 + Math.floor(Math.random() * 10_000);
  const script = `require('http').createServer((asked, answer) => answer.end('inside')).listen(${port}, '127.0.0.1')`;
  const probes = {
    image: 'rig-node:1',
    ports: [{ name: 'web', containerPort: port }],
    startupProbe: { tcpSocket: { port }, periodSeconds: 1, failureThreshold: 60 },
    readinessProbe: { httpGet: { path: '/', port: 'web' }, periodSeconds: 1 },
  };
  const metadata = { name: 'alone', annotations: { 'rig.dashecorp.com/loopback-only': 'main' } };
  const body = { apiVersion: 'v1', kind: 'Pod', metadata, spec: pod(script, probes) };
  await until('the pod is taken', () => api.call('POST', `/api/v1/namespaces/${ns}/pods`, body));
  await untilPod(ns, 'alone', ({ status }) => status.containerStatuses?.[0]?.ready === true);
  const run = await startKubectl(t, ['port-forward', '-n', ns, 'pod/alone', `:${port}`]);
  const local = Number(await until('it forwards', () => /127\.0\.0\.1:(\d+) ->/.exec(run.out())?.[1]));
  assert.equal(await (await fetch(`http://127.0.0.1:${local}/`)).text(), 'inside');
  const { status } = await api.call<{ status: { conditions: Array<{ type: string; status: string }> } }>(
    'GET',
    `/api/v1/nodes/${node}`,
  );
  if (status.conditions.find(({ type }) => type === 'Isolated')?.status !== 'True')
    return t.diagnostic('this machine does not isolate: the port is the machine’s');
  await assert.rejects(fetch(`http://127.0.0.1:${port}/`));
});

test('port-forward to a port where nothing listens says so', async (t) => {
  const ns = await testNamespace(t);
  await runPod(ns, 'silent', pod('sleep 1000'));
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  const run = await startKubectl(t, ['port-forward', '-n', ns, 'pod/silent', `:${port}`]);
  const local = Number(await until('it forwards', () => /127\.0\.0\.1:(\d+) ->/.exec(run.out())?.[1]));
  await echo(local, Buffer.from('anyone?')).catch(() => {});
  await until('the reason is told', () => run.err().includes(`answers on port ${port}`));
});

test('logs -f shows lines as they are written and ends with the container', async (t) => {
  const ns = await testNamespace(t);
  await runPod(ns, 'talker', pod('echo one; read go; echo two', { stdin: true }));
  const run = await startKubectl(t, ['logs', '-f', '-n', ns, 'talker']);
  await until('the first line is shown', () => run.out() === 'one\n');
  const input = await startKubectl(t, ['attach', '-i', '-n', ns, 'talker']);
  input.child.stdin.write('go\n');
  assert.equal(await run.exit, 0);
  assert.equal(run.out(), 'one\ntwo\n');
});

test('logs takes --previous, --tail, --since-time, --timestamps, --limit-bytes and --all-containers', async (t) => {
  const ns = await testNamespace(t);
  const mount = { volumeMounts: [{ name: 'work', mountPath: '/work' }] };
  const again =
    'cd $CONTAINER_SANDBOX_MOUNT_POINT/work; test -e ran && echo second && echo last && exit 0; > ran; exit 3';
  const more = { restartPolicy: 'OnFailure', volumes: [{ name: 'work', emptyDir: {} }] };
  const side = { ...pod('echo beside').containers[0], name: 'side' };
  const spec = pod(`echo first; ${again}`, mount, more);
  await runPod(ns, 'twice', { ...spec, containers: [...spec.containers, side] }, 'Succeeded');
  const { kubectl } = await testCluster();
  const logs = (...args: string[]) => kubectl('logs', '-n', ns, 'twice', ...args);
  assert.equal(await logs('-c', 'main', '--previous'), 'first\n');
  assert.equal(await logs('-c', 'main', '--tail=1'), 'last\n');
  assert.equal(await logs('-c', 'main', '--limit-bytes=7'), 'first\ns');
  assert.match(await logs('-c', 'main', '--timestamps', '--tail=1'), /^\d{4}-\d\d-\d\dT[\d:.]+Z last\n$/);
  assert.equal(await logs('-c', 'main', '--since-time=2000-01-01T00:00:00Z'), 'first\nsecond\nlast\n');
  assert.equal(await logs('-c', 'main', '--since-time=2900-01-01T00:00:00Z'), '');
  const all = (await logs('--all-containers', '--tail=1', '--prefix')).split('\n');
  assert.deepEqual(all.sort(), ['', '[pod/twice/main] last', '[pod/twice/side] beside']);
});

test('a log is rotated by size: its oldest lines go, the others are shown as one log, and the disk holds no more than said', async (t) => {
  const ns = await testNamespace(t);
  const lines = 6_000;
  await runPod(
    ns,
    'long',
    pod(`i=0; while [ $i -lt ${lines} ]; do i=$((i+1)); echo "line $i of many"; done`),
    'Succeeded',
  );
  const { metadata } = await untilPod(ns, 'long', () => true);
  const last = `line ${lines} of many\n`;
  const kept = await (await testCluster()).kubectl('logs', '-n', ns, 'long');
  assert.ok(kept.endsWith(last));
  const [from] = /\d+/.exec(kept) ?? [];
  assert.ok(Number(from) > 1);
  assert.equal(kept.trimEnd().split('\n').length, lines - Number(from) + 1);
  const attempt = join(kubelet.dataDir, 'pods', metadata.uid, 'containers/main/0');
  const files = (await readdir(attempt)).filter((name) => /^log(\.\d+)?$/.test(name));
  const sizes = await Promise.all(files.map(async (name) => (await stat(join(attempt, name))).size));
  assert.equal(files.length, 3);
  assert.ok(Math.max(...sizes) <= LOG_BYTES, `${sizes}`);
});

test('debug with an ephemeral container is answered with a sentence, and the pod runs on', async (t) => {
  const ns = await testNamespace(t);
  await runPod(ns, 'shell', pod('sleep 1000'));
  const { kubectl } = await testCluster();
  await kubectl('debug', '-n', ns, 'shell', '--image=rig-shell:1', '--container=look', '--attach=false');
  const status = ['-o', 'jsonpath={.status.ephemeralContainerStatuses[0].state.terminated.message}'];
  const message = await until('it is answered', () => kubectl('get', 'pod', '-n', ns, 'shell', ...status));
  assert.match(message, /no ephemeral containers; kubectl exec works/);
  assert.equal(await kubectl('exec', '-n', ns, 'shell', '--', 'echo', 'on'), 'on\n');
});

test('attach to a container with input talks to its command; to one without it shows what is written from now on', async (t) => {
  const ns = await testNamespace(t);
  await runPod(ns, 'asks', pod('while read word; do echo "got $word"; done', { stdin: true }));
  const asks = await startKubectl(t, ['attach', '-i', '-n', ns, 'asks']);
  await until('it answers', () => {
    asks.child.stdin.write('hello\n');
    return asks.out().includes('got hello\n');
  });
  const script = 'echo early; while :; do echo now; echo oops >&2; sleep 0.2; done';
  await runPod(ns, 'tells', pod(script));
  const tells = await startKubectl(t, ['attach', '-n', ns, 'tells']);
  await until('both streams arrive', () => tells.out().includes('now\n') && tells.err().includes('oops\n'));
  assert.doesNotMatch(tells.out(), /early/);
});

test('run -it starts a container with a terminal, and its prompt is seen before a line ends', async (t) => {
  const ns = await testNamespace(t);
  const overrides = JSON.stringify({
    apiVersion: 'v1',
    spec: { tolerations: [{ operator: 'Exists' }], nodeSelector: { 'kubernetes.io/hostname': node } },
  });
  const inner = `printf 'name? '; read name; echo "hello $name"; exit 4`;
  const run = await startOnTerminal(
    t,
    `$KUBECTL run -it --rm -n ${ns} ask --restart=Never --image=rig-shell:1 --overrides='${overrides}' -- "$INNER"`,
    { INNER: inner },
  );
  await until('it prompts, or says how to make it prompt', () => /name\? |try pressing enter/.test(run.out()));
  run.child.stdin.write('you\r');
  await until('it answers', () => /hello you/.test(run.out()));
  assert.equal(await run.exit, 4);
});

test('cp brings a file into the container and back unchanged', async (t) => {
  const ns = await testNamespace(t);
  const dir = await mkdtemp(join(tmpdir(), 'rig-cp-'));
  t.after(() => rm(dir, { recursive: true }));
  await runPod(ns, 'box', pod('sleep 1000'));
  const { kubectl } = await testCluster();
  const bytes = randomBytes(200_000);
  await writeFile(join(dir, 'in'), bytes);
  const inside = `/tmp/copy-${randomBytes(4).toString('hex')}`;
  await kubectl('cp', '-n', ns, join(dir, 'in'), `box:${inside}`);
  await kubectl('cp', '-n', ns, `box:${inside}`, join(dir, 'out'));
  await kubectl('exec', '-n', ns, 'box', '--', 'rm', inside);
  assert.deepEqual(await readFile(join(dir, 'out')), bytes);
});

test('what cannot be is refused in a sentence: an unknown container, a pod that is over, no command', async (t) => {
  const ns = await testNamespace(t);
  await runPod(ns, 'over', pod('true'), 'Succeeded');
  await runPod(ns, 'here', pod('sleep 1000'));
  const refused = async (...args: string[]) => {
    const run = await startKubectl(t, ['-n', ns, ...args]);
    assert.notEqual(await run.exit, 0);
    return run.err();
  };
  assert.match(await refused('exec', 'over', '--', 'true'), /cannot exec.*completed/);
  assert.match(await refused('exec', 'here', '-c', 'other', '--', 'true'), /container .*other/);
  assert.match(await refused('exec', 'here', '--', 'no-such-command'), /no-such-command/);
  assert.match(await refused('attach', 'over'), /completed|not running/);
  assert.match(await refused('port-forward', 'pod/over', ':80'), /not running/);
});

test('describe tells the story of a pod: scheduled, started, and why it failed', async (t) => {
  const ns = await testNamespace(t);
  await runPod(ns, 'story', pod('exit 3'), 'Failed');
  const { kubectl } = await testCluster();
  const text = await until('its events are there', async () => {
    const now = await kubectl('describe', 'pod', 'story', '-n', ns);
    return /Scheduled/.test(now) && /Started/.test(now) ? now : '';
  });
  assert.match(text, /Exit Code:\s+3/);
  assert.match(text, new RegExp(`Node:\\s+${node}/`));
  assert.match(text, /Normal\s+Started\s+.*rig-kubelet\s+Started container main/);
  assert.doesNotMatch(text, /ProviderCreateSuccess/);
});

test('describe node shows its conditions, limits among them', async () => {
  const { kubectl } = await testCluster();
  assert.match(await kubectl('describe', 'node', node), /LimitsEnforced\s+(True|False)\s/);
});

test('delete --force --grace-period=0 removes the object at once and ends the process', async (t) => {
  const ns = await testNamespace(t);
  await runPod(
    ns,
    'stuck',
    pod('trap "" TERM; echo pid; while :; do sleep 0.1; done', {}, { terminationGracePeriodSeconds: 600 }),
  );
  const { kubectl, api } = await testCluster();
  const { metadata } = await untilPod(ns, 'stuck', () => true);
  await kubectl('delete', 'pod', 'stuck', '-n', ns, '--force', '--grace-period=0');
  await assert.rejects(api.call('GET', `/api/v1/namespaces/${ns}/pods/stuck`), /404|not found/);
  await until('the node has forgotten it', async () => {
    const { body } = await askKubelet(node, 'GET', '/pods', await adminCredential());
    const list = JSON.parse(body) as { items: Array<{ metadata: { uid: string } }> };
    return !list.items.some(({ metadata: { uid } }) => uid === metadata.uid);
  });
});

test('drain waits for a disruption budget and evicts once it allows it', async (t) => {
  const ns = await testNamespace(t);
  const { kubectl, api } = await testCluster();
  t.after(() => kubectl('uncordon', node));
  const budgets = `/apis/policy/v1/namespaces/${ns}/poddisruptionbudgets`;
  await runPod(ns, 'guarded', pod('sleep 1000'));
  await api.call('POST', budgets, {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: { name: 'guard' },
    spec: { minAvailable: 1, selector: { matchLabels: { app: 'guarded' } } },
  });
  await until('the budget counts the pod', async () => {
    const budget = await api.call<{ status: { currentHealthy?: number } }>('GET', `${budgets}/guard`);
    return budget.status.currentHealthy === 1;
  });
  const drain = ['drain', node, '--force', '--pod-selector=app=guarded', '--timeout=3s'];
  const refused = await startKubectl(t, drain);
  assert.notEqual(await refused.exit, 0);
  assert.match(refused.err(), /disruption budget/);
  assert.equal((await untilPod(ns, 'guarded', () => true)).status.phase, 'Running');
  await api.call('DELETE', `${budgets}/guard`);
  assert.match(await kubectl(...drain.slice(0, -1), '--timeout=60s'), /evicted|drained/);
  await assert.rejects(api.call('GET', `/api/v1/namespaces/${ns}/pods/guarded`), /404|not found/);
});

test('a container over its memory limit ends as OOMKilled with exit code 137', async (t) => {
  const ns = await testNamespace(t);
  const hog = 'head -c 400m /dev/zero | tail -c 400m > /dev/null';
  await runPod(ns, 'hog', pod(hog, { resources: { limits: { memory: '64Mi' } } }), 'Failed').catch(() => {});
  const { status } = await untilPod(ns, 'hog', ({ status: { phase } }) => phase === 'Failed' || phase === 'Succeeded');
  const ended = status.containerStatuses?.[0]?.state.terminated;
  assert.deepEqual([ended?.exitCode, ended?.reason], [137, 'OOMKilled']);
});

test('a kubelet killed and started again attaches to its container and knows that its limit ended it', async (t) => {
  const ns = await testNamespace(t);
  const script = 'read go; echo heard; head -c 400m /dev/zero | tail -c 400m > /dev/null';
  await runPod(ns, 'later', pod(script, { stdin: true, resources: { limits: { memory: '64Mi' } } }));
  await kubelet.kill('SIGKILL');
  await kubelet.start();
  const attached = await until('it can be joined', async () => {
    const run = await startKubectl(t, ['attach', '-i', '-n', ns, 'later']);
    run.child.stdin.write('go\n');
    await until('it hears', () => run.out().includes('heard'), 5000);
    return run;
  });
  await attached.exit;
  const { status } = await untilPod(ns, 'later', ({ status: { phase } }) => phase === 'Failed');
  const ended = status.containerStatuses?.[0]?.state.terminated;
  assert.deepEqual([ended?.exitCode, ended?.reason], [137, 'OOMKilled']);
});
