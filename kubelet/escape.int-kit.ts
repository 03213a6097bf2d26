import { execFile, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { chmod, chown, mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { TestImage, TestKubelet } from '../test/kit/cluster-kubelet.ts';

interface Hooks {
  after(end: () => unknown): void;
}

/** One attempt to get out, as the program kubelet/escape tells it. */
export interface Outcome {
  readonly container: string;
  readonly name: string;
  readonly escaped: boolean;
  readonly detail: string;
}

/** A directory of the image that the node is told to hide. */
export const HIDDEN = 'state';

/** Builds the program of the attempts; resolves to what stands for its image, npm included. */
export async function buildEscape(t: Hooks): Promise<TestImage> {
  const dir = await temporary(t, 'rig-escape-image-');
  await chmod(dir, 0o755);
  const env = { ...process.env, CGO_ENABLED: '0' };
  await promisify(execFile)('go', ['build', '-o', join(dir, 'escape'), './escape'], { cwd: import.meta.dirname, env });
  await mkdir(join(dir, HIDDEN));
  const { stdout } = await promisify(execFile)('which', ['npm']);
  const npm = stdout.trim();
  return {
    directory: dir,
    command: [join(dir, 'escape')],
    path: [dirname(npm)],
    readable: [dirname(dirname(await realpath(npm)))],
  };
}

/** What lies around a sandbox on the machine and must stay out of its reach; readable by the node's user. */
export interface Canaries {
  readonly secret: string;
  readonly worktree: string;
  readonly home: string;
  readonly socket: string;
  readonly abstract: string;
  readonly tcpPort: number;
  readonly udpPort: number;
  readonly pid: number;
  /** How often one of the sockets was reached. */
  reached(): number;
  isProcessAlive(): boolean;
}

/** Puts the canaries out as the given user, if one is given. All are gone after the test. */
export async function putOutCanaries(t: Hooks, secret: string, uid: number | undefined): Promise<Canaries> {
  const dir = await temporary(t, 'rig-canaries-');
  const own = async (path: string) => uid !== undefined && chown(path, uid, uid);
  await own(dir);
  for (const name of ['worktree', 'home']) {
    await mkdir(join(dir, name));
    await own(join(dir, name));
    await writeFile(join(dir, name, `rig-canary-${name}`), secret);
    await own(join(dir, name, `rig-canary-${name}`));
  }
  let reached = 0;
  const listen = async (at: string | number) => {
    const server = createServer((socket) => {
      reached += 1;
      socket.on('error', () => {}).end();
    });
    await new Promise<void>((resolve) => {
      if (typeof at === 'number') server.listen(at, '127.0.0.1', resolve);
      else server.listen(at, resolve);
    });
    t.after(() => server.close());
    return server;
  };
  const socket = join(dir, 'supervisor.sock');
  const abstract = `rig-escape-${process.pid}-${Date.now()}`;
  await listen(socket);
  await chmod(socket, 0o777);
  await listen(`\0${abstract}`);
  const udp = createSocket('udp4', (data, from) => {
    reached += 1;
    udp.send(data, from.port, from.address);
  });
  await new Promise<void>((resolve) => udp.bind(0, '127.0.0.1', resolve));
  t.after(() => udp.close());
  const victim = spawn('sleep', ['1000'], { stdio: 'ignore', ...(uid === undefined ? {} : { uid, gid: uid }) });
  t.after(() => victim.kill('SIGKILL'));
  return {
    secret,
    worktree: join(dir, 'worktree'),
    home: join(dir, 'home'),
    socket,
    abstract,
    tcpPort: portOf(await listen(0)),
    udpPort: udp.address().port,
    pid: victim.pid as number,
    reached: () => reached,
    isProcessAlive: () => victim.exitCode === null && victim.signalCode === null,
  };
}

const portOf = (server: Server) => (server.address() as AddressInfo).port;

async function temporary(t: Hooks, prefix: string): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), prefix));
  t.after(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

/** The pods that the attempts need: a neighbour with credentials in the sandbox's own pod, and a pod beside it. */
export const neighbour = {
  name: 'neighbour',
  image: 'rig-shell:1',
  // A name of its own per secret: without a wall /dev/shm is the machine's.
  args: [
    'echo "$SECRET"; echo "$SECRET" > "/dev/shm/rig-$SECRET"; trap "rm -f /dev/shm/rig-$SECRET" TERM; sleep 1000 & wait',
  ],
  env: [{ name: 'SECRET', valueFrom: { secretKeyRef: { name: 'canary', key: 'secret' } } }],
  volumeMounts: [
    { name: 'token', mountPath: '/var/token' },
    { name: 'secret', mountPath: '/var/secret' },
    { name: 'private', mountPath: '/private' },
    { name: 'shared', mountPath: '/shared' },
  ],
};

/** A container that makes the attempts, once `tellTargets` told it where. */
export const escapee = (name: string) => ({
  name,
  image: 'rig-escape:1',
  args: [`$(CONTAINER_SANDBOX_MOUNT_POINT)/shared/${name}.json`],
  volumeMounts: [
    { name: 'shared', mountPath: '/shared' },
    { name: 'fixed', mountPath: '/fixed', readOnly: true },
  ],
});

const secretVolume = {
  name: 'secret',
  secret: { secretName: 'canary', items: [{ key: 'secret', path: 'rig-canary-secret' }] },
};

export const volumes = [
  { name: 'token', projected: { sources: [{ serviceAccountToken: { path: 'token', expirationSeconds: 600 } }] } },
  secretVolume,
  { name: 'private', emptyDir: {} },
  { name: 'shared', emptyDir: {} },
  { name: 'fixed', emptyDir: {} },
];

export const besideSpec = {
  containers: [
    { name: 'main', image: 'rig-shell:1', args: ['sleep 1000'], volumeMounts: [{ name: 'secret', mountPath: '/s' }] },
  ],
  volumes: [secretVolume],
};

/** Where the attempts are made. */
export interface Surroundings {
  readonly container: string;
  /** The container shares the machine's network. */
  readonly machineNetwork: boolean;
  readonly podUID: string;
  readonly besideUID: string;
  readonly ports: Record<string, number>;
  /** A file in a directory of the image that is hidden. */
  readonly hidden: string;
  /** There is no wall. */
  readonly control: boolean;
}

/** Tells a container where everything lies, which makes it begin. */
export async function tellTargets(kubelet: TestKubelet, canaries: Canaries, about: Surroundings): Promise<void> {
  const podDir = join(kubelet.dataDir, 'pods', about.podUID);
  const attempt = join(podDir, 'containers', 'neighbour', '0');
  const started = JSON.parse(await readFile(join(attempt, 'started.json'), 'utf8'));
  const inside = (name: string) => (about.control ? join(podDir, 'roots', about.container, name) : `/${name}`);
  const volume = (name: string, uid = about.podUID) => join(kubelet.dataDir, 'pods', uid, 'volumes', name);
  const targets = {
    secret: canaries.secret,
    files: {
      'other worktree': join(canaries.worktree, 'rig-canary-worktree'),
      "home of the node's user": join(canaries.home, 'rig-canary-home'),
      "neighbour's secret": join(volume('secret'), 'rig-canary-secret'),
      'hidden directory of the image': about.hidden,
      "neighbour's log": join(attempt, 'log'),
      "other pod's secret": join(volume('secret', about.besideUID), 'rig-canary-secret'),
    },
    private: {
      "kubelet's key": join(kubelet.dataDir, 'pki', 'client.key'),
      "kubelet's kubeconfig": join(kubelet.dataDir, 'bootstrap.kubeconfig'),
      'image map': join(kubelet.dataDir, 'images.json'),
      "pod's record": join(podDir, 'pod.json'),
      "neighbour's token": join(volume('token'), 'token'),
      'token at its usual path': '/var/run/secrets/kubernetes.io/serviceaccount/token',
      "token at the neighbour's path": '/var/token/token',
    },
    directories: {
      'other worktree': canaries.worktree,
      "neighbour's private volume": volume('private'),
      "kubelet's directory": join(kubelet.dataDir, 'pods'),
      "neighbour's attempt": attempt,
    },
    neighbourPID: started.pid,
    hostPID: canaries.pid,
    sockets: { "supervisor's socket": canaries.socket, "neighbour's init": join(attempt, 'init.sock') },
    abstract: canaries.abstract,
    ports: { "machine's listener": canaries.tcpPort, ...about.ports },
    udpPort: canaries.udpPort,
    shared: inside('shared'),
    readOnly: inside('fixed'),
    machineNetwork: about.machineNetwork,
    control: about.control,
  };
  // As the runtime's repository, writable but for the mount.
  for (const name of ['hooks', 'objects']) {
    const dir = join(volume('fixed'), name);
    await mkdir(dir, { recursive: true });
    await chmod(dir, 0o777);
  }
  await writeFile(join(volume('shared'), `${about.container}.json`), JSON.stringify(targets), { mode: 0o644 });
}
