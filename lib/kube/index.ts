export { Backoff, type BackoffOptions, backoffDelay } from './backoff.ts';
export type {
  ApplyOptions,
  DeleteOptions,
  ListOptions,
  PodLogOptions,
  TokenRequest,
  TokenReview,
  WriteOptions,
} from './calls.ts';
export { type ClientOptions, KubeClient } from './client.ts';
export { type Clock, formatMicroTime, formatTime, realClock, sleep } from './clock.ts';
export {
  type ConditionInput,
  type ConditionStamp,
  findCondition,
  isConditionTrue,
  MESSAGE_LIMIT,
  removeCondition,
  setAbnormalCondition,
  setCondition,
  setVerdict,
  type Verdict,
} from './conditions.ts';
export { ClusterConfig } from './config.ts';
export {
  type ConformanceOptions,
  checkStatus,
  type StatusRule,
  statusRules,
  type Violation,
} from './conformance.ts';
export {
  type Change,
  Controller,
  type ControllerOptions,
  type Reconcile,
  type ReconcileContext,
  type ReconcileResult,
} from './controller.ts';
export { type ElectorOptions, LeaderElector, type LossReason } from './elector.ts';
export { isKubeError, KubeError, type KubeErrorCode } from './errors.ts';
export { createInformer, Informer, type InformerHandler, type InformerOptions } from './informer.ts';
export { type LoadOptions, loadKubeConfig } from './kubeconfig.ts';
export { Manager, type ManagerOptions, type Readiness, type StartedLeading, type StoppedLeading } from './manager.ts';
export {
  type Outcome,
  outcomeOfError,
  outcomeOfResult,
  ReconcileError,
  Retry,
  Stalled,
  Terminal,
  Waiting,
} from './outcome.ts';
export {
  addFinalizer,
  controllerOf,
  createOwned,
  hasFinalizer,
  isBeingDeleted,
  isOwnedBy,
  ownerKeys,
  ownerReference,
  removeFinalizer,
} from './ownership.ts';
export { WorkQueue, type WorkQueueOptions } from './queue.ts';
export { type EventInput, EventRecorder, type RecorderOptions } from './recorder.ts';
export { Reflector, type ReflectorOptions, type ReflectorState, type Sink } from './reflector.ts';
export {
  apiVersionOf,
  CONFIG_MAPS,
  EVENTS,
  JOBS,
  keyOf,
  LEASES,
  NAMESPACES,
  NODES,
  PODS,
  refOf,
  resourcePath,
  SECRETS,
  SELF_REVIEWS,
  SERVICE_ACCOUNTS,
  splitKey,
} from './resource.ts';
export { type Projection, type ProjectorOptions, StatusProjector } from './status.ts';
export { type IndexFunction, Store } from './store.ts';
export { cutText, legible } from './text.ts';
export type { CallOptions } from './transport.ts';
export type {
  Condition,
  ConditionStatus,
  KubeObject,
  ObjectList,
  ObjectMeta,
  ObjectRef,
  OwnerReference,
  Resource,
} from './types.ts';
export type { WatchEventType, WatchOptions } from './watch.ts';
