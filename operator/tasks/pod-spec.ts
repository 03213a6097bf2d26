import { type Agent, type AgentTask, annotations, conductorAudience } from '#crds';
import { confined, confinedPod, scratch } from './confined.ts';
import type { JobSettings } from './job.ts';

/** Container of what a model causes to run: its files, its commands. `agent` is the container of the runtime. */
const SANDBOX = 'sandbox';
const TOKEN_PATH = '/var/run/secrets/rig.dashecorp.com';
const RUN_PATH = '/run/rig';
const ORIGIN_PATH = '/var/lib/rig/origin';
const WORK_PATH = '/var/lib/rig/work';
const TOKEN_LIFETIME_SECONDS = 3_600;
/** Group of every volume: the runtime has it as its own, the sandbox besides its own. */
const RUNTIME_ID = 65_532;
const SANDBOX_ID = 65_533;
const RUNTIME_RESOURCES = { requests: { cpu: '50m', memory: '128Mi' }, limits: { memory: '2Gi' } };
/** Of the sandbox of an Agent that says nothing of its own. */
const SANDBOX_RESOURCES = { requests: { memory: '128Mi' }, limits: { memory: '4Gi' } };
/** What a model causes to be written ends the pod before it fills the node. */
const VOLUME_SIZES = { origin: '10Gi', run: '2Gi', tmp: '2Gi', tree: '20Gi', 'sandbox-tmp': '10Gi' };

export const podAnnotations = { [annotations.loopbackOnly]: SANDBOX };

/**
 * The pod of a task: the runtime, with a ServiceAccount token that only the conductor accepts and no other credential; and beside
 * it, up before and until after it, the sandbox, which has no token, another uid and no volume of the runtime's but the objects of
 * its repository, which it can read, and the folder where the two meet. It asks for no more than Pod Security `restricted` allows.
 */
export function podSpec(task: AgentTask, agent: Agent, settings: JobSettings): object {
  return confinedPod(RUNTIME_ID, agent.spec, {
    initContainers: [sandboxContainer(agent)],
    containers: [runtimeContainer(task, agent, settings)],
    volumes: [tokenVolume(), ...Object.entries(VOLUME_SIZES).map(([name, size]) => scratch(name, size))],
  });
}

function runtimeContainer(task: AgentTask, { spec }: Agent, settings: JobSettings): object {
  return {
    name: 'agent',
    image: spec.image,
    env: environment(task, settings),
    resources: RUNTIME_RESOURCES,
    securityContext: confined,
    volumeMounts: [
      { name: 'token', mountPath: TOKEN_PATH, readOnly: true },
      { name: 'origin', mountPath: ORIGIN_PATH },
      { name: 'run', mountPath: RUN_PATH },
      { name: 'tmp', mountPath: '/tmp' },
    ],
  };
}

/**
 * What the Agent asks for is for the work, which is done here. The path of its program is relative to the image's own folder. It has
 * no probe: the two start side by side, the runtime waits for the socket itself, and says in the task's report that it did so in vain.
 */
function sandboxContainer({ spec }: Agent): object {
  return {
    name: SANDBOX,
    image: spec.image,
    command: ['node', 'agent-image/sandbox/main.ts'],
    restartPolicy: 'Always',
    resources: spec.resources ?? SANDBOX_RESOURCES,
    securityContext: { ...confined, runAsUser: SANDBOX_ID, runAsGroup: SANDBOX_ID },
    volumeMounts: [
      { name: 'tree', mountPath: WORK_PATH },
      { name: 'origin', mountPath: ORIGIN_PATH, readOnly: true },
      { name: 'run', mountPath: RUN_PATH },
      { name: 'sandbox-tmp', mountPath: '/tmp' },
    ],
  };
}

function tokenVolume(): object {
  const token = { path: 'token', audience: conductorAudience, expirationSeconds: TOKEN_LIFETIME_SECONDS };
  return { name: 'token', projected: { defaultMode: 0o400, sources: [{ serviceAccountToken: token }] } };
}

/** Names, not secrets. */
function environment(task: AgentTask, settings: JobSettings): { name: string; value: string }[] {
  const values = {
    RIG_CONDUCTOR_URL: settings.conductorUrl,
    RIG_PROXY_URL: settings.proxyUrl,
    RIG_EGRESS_URL: settings.egressUrl,
    RIG_NAMESPACE: task.metadata.namespace!,
    RIG_TASK: task.metadata.name!,
    RIG_TOKEN_FILE: `${TOKEN_PATH}/token`,
    ...(settings.traceparent === undefined ? {} : { TRACEPARENT: settings.traceparent }),
    ...(settings.otlpEndpoint === undefined ? {} : { OTEL_EXPORTER_OTLP_ENDPOINT: settings.otlpEndpoint }),
  };
  return Object.entries(values).map(([name, value]) => ({ name, value }));
}
