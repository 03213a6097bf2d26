import { type Agent, type AgentTask, annotations, labels } from '#crds';
import type { KubeObject } from '#lib/kube';
import { onceSpec } from './confined.ts';
import { podAnnotations, podSpec } from './pod-spec.ts';

/** What a Job's pod has to be told beside its task. */
export interface JobSettings {
  readonly conductorUrl: string;
  readonly proxyUrl: string;
  readonly egressUrl: string;
  /** Where the agent sends its spans, if anywhere; a URL without a credential. */
  readonly otlpEndpoint?: string | undefined;
  /** W3C traceparent of the work the Job is made for. */
  readonly traceparent?: string | undefined;
}

/** The Job of a task: one pod, once. Whoever creates it makes the AgentTask its owner. */
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
      ...(settings.traceparent === undefined
        ? {}
        : { annotations: { [annotations.traceparent]: settings.traceparent } }),
    },
    spec: onceSpec({
      metadata: { labels: marks, annotations: podAnnotations },
      spec: podSpec(task, agent, settings),
    }),
  } as KubeObject;
}
