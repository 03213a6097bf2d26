import { type Agent, childName, type Issue, labels, type Repository, taints } from '#crds';
import type { CheckName } from '#domain';
import type { KubeObject } from '#lib/kube';

/** One run of a command of `spec.verify`. */
export interface Run {
  readonly check: CheckName;
  /** Ends the Job's name: command, deployment, number of the run. */
  readonly job: string;
  readonly url: string;
  readonly revision: string;
}

const KEEP_FINISHED_SECONDS = 3_600;
/** As the sandbox of agents: an ordinary user that owns nothing outside of its volume. */
const USER_ID = 65_533;
const RESOURCES = { requests: { memory: '128Mi' }, limits: { memory: '4Gi' } };
const TMP_SIZE = '10Gi';

/** A pod that a drain, a preemption or a lost node ended fails its Job with the reason PodFailurePolicy: it says nothing of the change. */
const failurePolicy = {
  rules: [{ action: 'FailJob', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] }],
};

/** The name of a run's Job. */
export function jobName(issue: string, job: string): string {
  return childName([issue, job]);
}

/**
 * The Job of one run: one pod, once, where agents' pods run, with no token of any kind, no checkout and no more rights than Pod Security
 * `restricted` allows. The URL is told by whoever deploys, so it is a variable and never part of the command.
 */
export function checkJob(issue: Issue, { spec }: Repository, agent: Agent | undefined, run: Run): KubeObject {
  const { name, namespace } = issue.metadata;
  const marks = { [labels.verify]: run.check, [labels.issue]: labelValue(name!) };
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: jobName(name!, run.job), namespace: namespace!, labels: marks },
    spec: {
      backoffLimit: 0,
      activeDeadlineSeconds: spec.verify!.timeoutMinutes * 60,
      podFailurePolicy: failurePolicy,
      ttlSecondsAfterFinished: KEEP_FINISHED_SECONDS,
      template: { metadata: { labels: marks }, spec: podSpec(spec, agent, run) },
    },
  } as KubeObject;
}

/** A label's value has at most 63 characters. */
const labelValue = (name: string) => childName([name]);

function podSpec({ verify }: Repository['spec'], agent: Agent | undefined, run: Run): object {
  const { nodeSelector = {}, tolerations = [], allowUnisolated, resources, image } = agent?.spec ?? {};
  const tolerated = allowUnisolated ? [...tolerations, { ...taints.unisolated, operator: 'Equal' }] : tolerations;
  return {
    restartPolicy: 'Never',
    // Bound to no role; its token is not mounted.
    serviceAccountName: 'rig-agent',
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    shareProcessNamespace: false,
    terminationGracePeriodSeconds: 10,
    securityContext: {
      runAsNonRoot: true,
      runAsUser: USER_ID,
      runAsGroup: USER_ID,
      fsGroup: USER_ID,
      seccompProfile: { type: 'RuntimeDefault' },
    },
    ...(Object.keys(nodeSelector).length > 0 ? { nodeSelector } : {}),
    ...(tolerated.length > 0 ? { tolerations: tolerated } : {}),
    containers: [
      {
        name: 'check',
        image: verify!.image ?? image,
        command: ['sh', '-c', verify![run.check]],
        env: [
          { name: 'RIG_URL', value: literal(run.url) },
          { name: 'RIG_REVISION', value: run.revision },
          { name: 'HOME', value: '/tmp' },
        ],
        resources: resources ?? RESOURCES,
        securityContext: {
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        },
        volumeMounts: [{ name: 'tmp', mountPath: '/tmp' }],
      },
    ],
    volumes: [{ name: 'tmp', emptyDir: { sizeLimit: TMP_SIZE } }],
  };
}

/** Kubernetes would put other variables in for `$(NAME)`. */
function literal(value: string): string {
  return value.replaceAll('$(', () => '$$(');
}

/** Whether a Job can be made at all: some image has to be named. */
export function hasImage({ spec }: Repository, agent: Agent | undefined): boolean {
  return (spec.verify?.image ?? agent?.spec.image) !== undefined;
}
