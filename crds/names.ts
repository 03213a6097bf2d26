/** Labels of the rig. Every label it writes or reads is here. */
export const labels = {
  /** On a Secret: the operator may read it. Its annotation `forge-host` names the one host it may be sent to. */
  forge: 'rig.dashecorp.com/forge',
  /** On a Namespace: the operator works there. */
  tenant: 'rig.dashecorp.com/tenant',
  /** On a Namespace: changes of what a tier policy lists need consent. */
  governed: 'rig.dashecorp.com/governed',
  /** On any object: `T3` says that its change cannot be undone and needs consent, whatever a tier policy lists. */
  tier: 'rig.dashecorp.com/tier',
  /** On what the operator makes: the Repository, Issue, Agent and AgentTask it was made for. */
  repository: 'rig.dashecorp.com/repository',
  issue: 'rig.dashecorp.com/issue',
  agent: 'rig.dashecorp.com/agent',
  task: 'rig.dashecorp.com/task',
  /** On AgentTasks, Jobs and pods: the kind of task, and the number of the work claim it belongs to. */
  kind: 'rig.dashecorp.com/kind',
  attempt: 'rig.dashecorp.com/attempt',
  /** On Jobs and pods of a command of `spec.verify`: which one. */
  verify: 'rig.dashecorp.com/verify',
  /** On a Node: `external` where the cluster's services are reached from outside only. */
  network: 'rig.dashecorp.com/network',
  /** On a Node: builds of iOS run there. */
  iosBuild: 'rig.dashecorp.com/ios-build',
} as const;

/** A label of the rig. */
export type Label = (typeof labels)[keyof typeof labels];

/** Annotations of the rig. */
export const annotations = {
  /** On a Secret labelled `forge`: the one host (with its port, where the URL has one) it may be sent to. */
  forgeHost: 'rig.dashecorp.com/forge-host',
  /** On a pod: its containers, by name and separated by commas, that a node of the rig gives no network but their own loopback. */
  loopbackOnly: 'rig.dashecorp.com/loopback-only',
  /** On a Kustomization of Flux, or a Canary of Flagger, in another namespace: the Repository (`namespace/name`) whose changes it delivers and which may look at it. */
  delivers: 'rig.dashecorp.com/delivers',
  /** On a pod template that a Canary targets: the commit of the Repository that its pods are made from. */
  revision: 'rig.dashecorp.com/revision',
  /** On AgentTasks and Jobs: the W3C traceparent under which they were made; its trace id is the correlation id of the Issue. */
  traceparent: 'rig.dashecorp.com/traceparent',
  /** On a Repository: a value that is new asks for a listing now; `status.lastHandledSync` has it when that is done. */
  sync: 'rig.dashecorp.com/sync',
  /** On an Issue: `<gate>@<since>` of `status.escalation`, the question that a person sees to. */
  ack: 'rig.dashecorp.com/ack',
  /** On an Issue, beside `ack`: who that is, which the API server lets nobody but themselves write. */
  ackBy: 'rig.dashecorp.com/ack-by',
  /** On an Issue, beside `ack`: what they have to say. */
  ackNote: 'rig.dashecorp.com/ack-note',
  /** On an Issue: the id of an asking for a preparation; `status.preparation` has it when that is recorded. */
  prepare: 'rig.dashecorp.com/prepare',
  /** On an Issue, beside `prepare`: who asks, which the API server lets nobody but themselves write, and no machine. */
  prepareBy: 'rig.dashecorp.com/prepare-by',
  /** On an Issue, beside `prepare`: what they have to say. */
  prepareNote: 'rig.dashecorp.com/prepare-note',
  /** On an Agent: what a person says of its trust, as JSON, until `status.trust` names its id. */
  trust: 'rig.dashecorp.com/trust',
  /** On an Agent, beside `trust`: who that is, which the API server lets nobody but themselves write. */
  trustBy: 'rig.dashecorp.com/trust-by',
  /** On a Repository: `<id>@<time>` of the ruleset that `rig repo protect` wrote or saw whole, so also that nobody may bypass it. */
  ruleset: 'rig.dashecorp.com/ruleset',
} as const;

/** An annotation of the rig. */
export type Annotation = (typeof annotations)[keyof typeof annotations];

/** Taints of the rig. */
export const taints = {
  /** On a Node whose pods are processes of the host. Only what tolerates it lands there. */
  hostProcess: { key: 'rig.dashecorp.com/host-process', value: 'true', effect: 'NoSchedule' },
  /** On a Node that cannot keep what a model causes to run from what runs beside it. */
  unisolated: { key: 'rig.dashecorp.com/unisolated', value: 'true', effect: 'NoSchedule' },
} as const;

/** Finalizers of the rig. */
export const finalizers = {
  /** On Issues: deletion is recorded before the object goes. */
  issue: 'rig.dashecorp.com/issue',
  /** On AgentTasks: the end of the task is recorded before the object goes. */
  task: 'rig.dashecorp.com/task',
} as const;

/** A finalizer of the rig. */
export type Finalizer = (typeof finalizers)[keyof typeof finalizers];

/** Field managers of the rig, by who applies. */
export const fieldManagers = {
  /** The controllers: what they make, and every status. */
  conductor: 'rig-conductor',
  /** The webhook intake: title, body and labels of what belongs to the forge. */
  intake: 'rig-intake',
  /** A person, through the command line. */
  cli: 'rig-cli',
  /** The supervisor of a rig on one machine. */
  local: 'rig-local',
} as const;

/** A field manager of the rig. */
export type FieldManager = (typeof fieldManagers)[keyof typeof fieldManagers];

/** Audience of the ServiceAccount token that a pod exchanges for its task token. */
export const conductorAudience = 'rig-conductor';

/** The objects of the conductor's own namespace that it keeps for itself; RBAC names them. */
export const conductorObjects = {
  /** Lease: which replica leads. */
  lease: 'rig-conductor',
  /** ConfigMap: how far the database had come. */
  watermark: 'rig-conductor',
  /** Secret: the Ed25519 key that signs task tokens. */
  signingKey: 'rig-conductor-signing-key',
} as const;

/** What says whose signatures count: ConfigMaps that only the group `rig:root` may change, each with the one key that is read. */
export const trustObjects = {
  namespace: 'rig-verifier',
  /** The people who may approve. */
  humans: { name: 'rig-humans', key: 'humans.yaml' },
  /** Workloads whose word counts as a machine's. */
  machines: { name: 'rig-machines', key: 'machines.yaml' },
  /** Sigstore's trusted root. */
  root: { name: 'rig-trusted-root', key: 'trusted_root.json' },
} as const;

/** The objects of the verifier's own namespace that it keeps for itself; RBAC names them. */
export const verifierObjects = {
  /** Lease: which replica reports checks. */
  lease: 'rig-verifier',
  /** ConfigMap: signatures of listed people, which of them were counted, and which were taken back. */
  signatures: 'rig-verifier-signatures',
  /** ConfigMap: heads that were let through, and that a pull request had at the last look. */
  heads: 'rig-verifier-heads',
  /** ConfigMaps: what the counted ones consented to, each in that which ends in its first hex digit. */
  consents: [...'0123456789abcdef'].map((digit) => `rig-verifier-consents-${digit}`),
} as const;
