import { type Agent, childName, type Issue, labels, type Repository } from '#crds';
import type { CheckName } from '#domain';
import type { KubeObject } from '#lib/kube';
import { confined, confinedPod, onceSpec, scratch } from '../../tasks/confined.ts';

/** One run of a command of `spec.verify`. */
export interface Run {
  readonly check: CheckName;
  /** Ends the Job's name: command, deployment, number of the run. */
  readonly job: string;
  readonly url: string;
  readonly revision: string;
}

/** As the sandbox of agents: an ordinary user that owns nothing outside of its volume. */
const USER_ID = 65_533;
const RESOURCES = { requests: { memory: '128Mi' }, limits: { memory: '4Gi' } };
const TMP_SIZE = '10Gi';

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
      ...onceSpec({ metadata: { labels: marks }, spec: podSpec(spec, agent, run) }),
      activeDeadlineSeconds: spec.verify!.timeoutMinutes * 60,
    },
  } as KubeObject;
}

/** A label's value has at most 63 characters. */
const labelValue = (name: string) => childName([name]);

function podSpec({ verify }: Repository['spec'], agent: Agent | undefined, run: Run): object {
  const { resources, image } = agent?.spec ?? {};
  return confinedPod(USER_ID, agent?.spec ?? {}, {
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
        securityContext: confined,
        volumeMounts: [{ name: 'tmp', mountPath: '/tmp' }],
      },
    ],
    volumes: [scratch('tmp', TMP_SIZE)],
  });
}

/** Kubernetes would put other variables in for `$(NAME)`. */
function literal(value: string): string {
  return value.replaceAll('$(', () => '$$(');
}

/** Whether a Job can be made at all: some image has to be named. */
export function hasImage({ spec }: Repository, agent: Agent | undefined): boolean {
  return (spec.verify?.image ?? agent?.spec.image) !== undefined;
}
