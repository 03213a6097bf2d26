import { type Agent, type AgentTask, conductorAudience, labels } from '#crds';
import type { KubeObject } from '#lib/kube';

/** What a Job's pod has to be told beside its task. */
export interface JobSettings {
  readonly conductorUrl: string;
  readonly proxyUrl: string;
  readonly egressUrl: string;
}

const TOKEN_PATH = '/var/run/secrets/rig.dashecorp.com';
const TOKEN_LIFETIME_SECONDS = 3_600;
const KEEP_FINISHED_SECONDS = 3_600;

/**
 * The Job of a task: one pod, once. It carries no credential but a ServiceAccount token that only the conductor accepts, and asks for
 * no more than Pod Security `restricted` allows. Whoever creates it makes the AgentTask its owner.
 */
export function jobOf(task: AgentTask, agent: Agent, settings: JobSettings): KubeObject {
  const { name, namespace } = task.metadata;
  const marks = {
    [labels.task]: name!,
    [labels.kind]: task.spec.kind,
    [labels.agent]: agent.metadata.name!,
    [labels.attempt]: String(task.spec.attempt),
  };
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name: name!,
      namespace: namespace!,
      labels: marks,
    },
    spec: {
      backoffLimit: 0,
      ttlSecondsAfterFinished: KEEP_FINISHED_SECONDS,
      template: { metadata: { labels: marks }, spec: podSpec(task, agent, settings) },
    },
  } as KubeObject;
}

function podSpec(task: AgentTask, agent: Agent, settings: JobSettings): object {
  const { nodeSelector, tolerations, resources, image } = agent.spec;
  return {
    restartPolicy: 'Never',
    serviceAccountName: 'rig-agent',
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    terminationGracePeriodSeconds: 10,
    securityContext: {
      runAsNonRoot: true,
      runAsUser: 65_532,
      runAsGroup: 65_532,
      fsGroup: 65_532,
      seccompProfile: { type: 'RuntimeDefault' },
    },
    ...(Object.keys(nodeSelector).length > 0 ? { nodeSelector } : {}),
    ...(tolerations.length > 0 ? { tolerations } : {}),
    containers: [
      {
        name: 'agent',
        image,
        env: environment(task, settings),
        ...(resources === undefined ? {} : { resources }),
        securityContext: {
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        },
        volumeMounts: [
          { name: 'token', mountPath: TOKEN_PATH, readOnly: true },
          { name: 'work', mountPath: '/work' },
          { name: 'tmp', mountPath: '/tmp' },
        ],
      },
    ],
    volumes: [
      {
        name: 'token',
        projected: {
          defaultMode: 0o400,
          sources: [
            {
              serviceAccountToken: {
                path: 'token',
                audience: conductorAudience,
                expirationSeconds: TOKEN_LIFETIME_SECONDS,
              },
            },
          ],
        },
      },
      { name: 'work', emptyDir: {} },
      { name: 'tmp', emptyDir: {} },
    ],
  };
}

/** Names, not secrets: a model's shell may read every one of them. */
function environment(task: AgentTask, settings: JobSettings): { name: string; value: string }[] {
  const values = {
    RIG_CONDUCTOR_URL: settings.conductorUrl,
    RIG_PROXY_URL: settings.proxyUrl,
    RIG_NAMESPACE: task.metadata.namespace!,
    RIG_TASK: task.metadata.name!,
    RIG_TOKEN_FILE: `${TOKEN_PATH}/token`,
    RIG_WORK_DIR: '/work',
  };
  return Object.entries(values).map(([name, value]) => ({ name, value }));
}
