// Generated from crds/*.yaml by hack/generate. Do not edit.
import type { CustomResource } from './object.ts';

/** Repository is one repository on a forge that the rig works on: where it is, which identity reaches it, what a change must pass before it is merged, and which Agents take its work. */
export interface Repository extends CustomResource<'Repository', RepositorySpec, RepositoryStatus> {}

/** Agent is a persona, and a contract: a role, the models it thinks with, what it may spend, where it runs and what it may never do. The contract is enforced outside the model. */
export interface Agent extends CustomResource<'Agent', AgentSpec, AgentStatus> {}

/** Issue is one piece of work that somebody wants done in a Repository. It ends as a reviewed, merged and deployed change, or says why it does not. */
export interface Issue extends CustomResource<'Issue', IssueSpec, IssueStatus> {}

/** AgentTask is one run of one Agent on one subject, under one claim. The conductor makes it and its Job; its spec never changes. */
export interface AgentTask extends CustomResource<'AgentTask', AgentTaskSpec, AgentTaskStatus> {}

/** TierPolicy grades changes by what they can break, not by who writes them: its rules give a tier, a kind of work or both, and it says what each tier asks and how autonomy is gained and lost. The one named `default` grades every Repository that names none. */
export interface TierPolicy extends CustomResource<'TierPolicy', TierPolicySpec, TierPolicyStatus> {}

/** Approval is a person's signed yes to one step of one Issue. Whoever may create one is a matter of RBAC; what it is worth is in the signature, which everybody verifies for themselves. Deleting it takes it back. */
export interface Approval extends CustomResource<'Approval', ApprovalSpec, ApprovalStatus> {}

/**
 * What the agent is for. It decides which kinds of task it is given and which tools a task has.
 */
export type AgentRole =
  'planner' | 'developer' | 'reviewer' | 'builder' | 'judge' | 'operations' | 'architect' | 'repairer' | 'watcher';

/**
 * One route from task class and stack to an Agent.
 */
export interface AgentRoute {
  /**
   * Task class this route is for; left out, every class.
   */
  taskClass?: string;
  /**
   * Stack this route is for; left out, every stack.
   */
  stack?: string;
  /**
   * The Agent of this namespace that takes it.
   */
  agentRef: ObjectReference;
}

/**
 * The contract.
 */
export interface AgentSpec {
  /**
   * What the agent is for. It decides which kinds of task it is given and which tools a task has.
   */
  role: AgentRole;
  /**
   * What makes this agent this agent, put before every task. Left out, the role's own text is used.
   */
  character?: Character;
  /**
   * Stacks the image carries and the agent works on, for example node.
   */
  stacks: string[];
  /**
   * Image of the agent runtime. On a host-process node, a name of that node's image map.
   */
  image: string;
  /**
   * The model for each use: `default`, and where another is wanted `classify`, `plan`, `review` and so on. A use that is not listed takes `default`.
   */
  models: {
    /**
     * One model and how it is asked.
     */
    [k: string]: Model;
  };
  /**
   * Models asked in this order when the one before does not answer.
   *
   * Items: One model and how it is asked.
   */
  fallbacks: Model[];
  /**
   * `metered`: every token is paid through the proxy's key. `subscription`: the CLI's own login is passed through, and what the tokens would have cost is counted and capped all the same.
   */
  billing: Billing;
  /**
   * What the agent may spend. Reaching a cap ends the task (BudgetExhausted).
   */
  caps: Caps;
  /**
   * Work claims on one issue before it is Failed. Losses caused by infrastructure do not count.
   */
  attempts: number;
  /**
   * The most tasks that run at once. Never exceeded, whatever arrives.
   */
  concurrency: number;
  /**
   * `push`: the conductor makes a Job. `pull`: an agent that lives elsewhere asks for work.
   */
  dispatch: Dispatch;
  /**
   * Five cron fields, in UTC, for watchers and sweeps.
   */
  schedule?: string;
  /**
   * Labels a node must have to run this agent's pods.
   */
  nodeSelector: {
    [k: string]: string;
  };
  /**
   * Taints this agent's pods tolerate.
   *
   * Items: One tolerated taint, as in a pod.
   */
  tolerations: Toleration[];
  /**
   * What the agent's sandbox asks for and may use, as in a pod. Without it, 128Mi of memory and at most 4Gi.
   */
  resources?: Resources;
  /**
   * Whether the agent may run on a node whose condition Isolated is not True, where what the model causes to run can read what the runtime can.
   */
  allowUnisolated: boolean;
  /**
   * Secret of this namespace with the agent's own forge identity (key `token`), used by the conductor on its behalf and never given to it. Labelled rig.dashecorp.com/forge and annotated rig.dashecorp.com/forge-host like those of a Repository.
   */
  forgeCredentialsSecretRef?: SecretReference;
  /**
   * Secret of this namespace with which an agent that pulls its work proves who it is. Only with dispatch pull.
   */
  clientCredentialsSecretRef?: SecretReference;
  /**
   * Acts this agent may never do, for example merge. They are told to it and shown to people; what enforces them is that nothing it holds can do them.
   */
  forbids: string[];
  /**
   * While true, the agent is given no new task. Running ones end as they would.
   */
  suspend: boolean;
}

/**
 * What was observed. A projection, written by the conductor alone.
 */
export interface AgentStatus {
  /**
   * The metadata.generation this status speaks of.
   */
  observedGeneration?: number;
  /**
   * Tasks of this agent that are Pending or Running.
   */
  running?: number;
  /**
   * The models that answered, as the provider named them.
   *
   * Items: One model that answered.
   */
  observedModels?: ObservedModel[];
  /**
   * The highest tier this agent is trusted with, per task class; the whole ledger is in the conductor's API.
   *
   * Items: The ceiling of one task class.
   */
  ceilings?: Ceiling[];
  /**
   * What became of what a person said last of this agent's trust.
   */
  trust?: TrustAnswer;
  /**
   * What this agent cost since midnight UTC, in US dollars.
   */
  spentTodayUSD?: number;
  /**
   * Ready, Reconciling and Stalled, as kstatus reads them.
   *
   * Items: One aspect of the object's state.
   */
  conditions?: Condition[];
}

/**
 * What the task is to do, and under which claim. Immutable.
 */
export interface AgentTaskSpec {
  /**
   * What the task is about. Exactly one of the references.
   */
  subject: TaskSubject;
  /**
   * The Agent of this namespace that runs it.
   */
  agentRef: ObjectReference;
  /**
   * What is to be done. It decides which tools the task has.
   */
  kind: TaskKind;
  /**
   * Number of the work claim on this subject that the task belongs to.
   */
  attempt: number;
  /**
   * The claim the task runs under. Every call of the task names its fence.
   */
  claim: TaskClaim;
  /**
   * The one branch the task may push.
   */
  branch?: string;
  /**
   * Number of the pull request the task is about.
   */
  pullRequest?: number;
  /**
   * The commit the task starts from, or reviews. A verdict is submitted for this commit and dropped if the head has moved.
   */
  headSHA?: string;
  /**
   * When the task is ended, whatever it does.
   */
  deadline: string;
  /**
   * What the agent may spend. Reaching a cap ends the task (BudgetExhausted).
   */
  caps: Caps;
}

/**
 * What became of the run. A projection, written by the conductor alone.
 */
export interface AgentTaskStatus {
  /**
   * The metadata.generation this status speaks of.
   */
  observedGeneration?: number;
  /**
   * `Pending` until the agent's first call, `Running` until its outcome. `Stuck` when the StuckGuard ended it; the last four are final.
   */
  phase?: TaskPhase;
  /**
   * Name of the Job.
   */
  job?: string;
  /**
   * What the client calls itself that took the task for an Agent with dispatch pull. No Job is made then.
   */
  client?: string;
  /**
   * The pod that runs it. A task token is given to the pod with this uid alone.
   */
  pod?: TaskPod;
  /**
   * The node it runs on.
   */
  node?: string;
  /**
   * When the agent first called.
   */
  startedAt?: string;
  /**
   * When its outcome was recorded.
   */
  finishedAt?: string;
  /**
   * What it has cost, in US dollars.
   */
  costUSD?: number;
  /**
   * What it has used, in tokens.
   */
  tokens?: Tokens;
  /**
   * How it ended, by the conductor's record and never from a log.
   */
  outcome?: TaskOutcome;
  /**
   * Ready, Reconciling and Stalled, as kstatus reads them.
   *
   * Items: One aspect of the object's state.
   */
  conditions?: Condition[];
}

/**
 * The step that is approved: `dispatch` to an agent, the `interface` that a plan names, or the `merge` of one head of a pull request.
 */
export type ApprovalScope = 'dispatch' | 'interface' | 'merge';

/**
 * What was signed, and for which Issue. Immutable.
 */
export interface ApprovalSpec {
  /**
   * The Issue of this namespace that it is for.
   */
  issueRef: ApprovedIssue;
  /**
   * The step that is approved: `dispatch` to an agent, the `interface` that a plan names, or the `merge` of one head of a pull request.
   */
  scope: ApprovalScope;
  /**
   * A Sigstore bundle (its JSON) over an in-toto statement in a DSSE envelope, as rig approve and cosign attest-blob write it.
   */
  bundle: string;
}

/**
 * What was found when it was last verified. Written by the conductor alone, and trusted by nobody who decides.
 */
export interface ApprovalStatus {
  /**
   * The metadata.generation this status speaks of.
   */
  observedGeneration?: number;
  /**
   * Who signed, as the certificate says. There only while the Approval is verified.
   */
  identity?: SignerIdentity;
  /**
   * When it was first verified.
   */
  verifiedAt?: string;
  /**
   * Until when it holds, counted from when it was signed.
   */
  expiresAt?: string;
  /**
   * The event that it allowed last. There only once it was used.
   */
  consumedBy?: ApprovalUse;
  /**
   * Verified says whether it holds and why not; Ready (verified), Reconciling and Stalled as kstatus reads them.
   *
   * Items: One aspect of the object's state.
   */
  conditions?: Condition[];
}

/**
 * The event that it allowed last. There only once it was used.
 */
export interface ApprovalUse {
  /**
   * Type of the event.
   */
  event: string;
  /**
   * When that was.
   */
  at: string;
}

/**
 * The Issue of this namespace that it is for.
 */
export interface ApprovedIssue {
  /**
   * Name of the Issue.
   */
  name: string;
  /**
   * Its metadata.uid; one made again under the same name is another.
   */
  uid: string;
}

/**
 * Who has to vouch for a change at gate `attestors`. Left out, one person and one machine.
 */
export interface Attestors {
  /**
   * Number of listed people.
   */
  humans: number;
  /**
   * Number of listed machines, as CI's workflow identity on the base branch.
   */
  machines: number;
}

/**
 * `metered`: every token is paid through the proxy's key. `subscription`: the CLI's own login is passed through, and what the tokens would have cost is counted and capped all the same.
 */
export type Billing = 'metered' | 'subscription';

/**
 * What the agent may spend. Reaching a cap ends the task (BudgetExhausted).
 */
export interface Caps {
  /**
   * The most one task may cost, in US dollars.
   */
  perTaskUSD: number;
  /**
   * The most all tasks of this agent on one issue may cost together, in US dollars.
   */
  perSessionUSD: number;
  /**
   * The most answers one task may ask of a model.
   */
  turns: number;
  /**
   * The longest one task may run, in minutes.
   */
  minutes: number;
}

/**
 * The ceiling of one task class.
 */
export interface Ceiling {
  /**
   * The task class.
   */
  taskClass: string;
  /**
   * The highest tier it is dispatched at without an Approval.
   */
  tier: CeilingTier;
  /**
   * Consecutive successes that count towards the next tier.
   */
  streak: number;
}

/**
 * The highest tier it is dispatched at without an Approval.
 */
export type CeilingTier = 'T0' | 'T1' | 'T2';

/**
 * What makes this agent this agent, put before every task. Left out, the role's own text is used.
 */
export interface Character {
  /**
   * The text itself.
   */
  prompt?: string;
  /**
   * Key of a ConfigMap of this namespace that holds the text.
   */
  configMapRef?: ConfigMapKeyReference;
}

/**
 * One aspect of the object's state.
 */
export interface Condition {
  /**
   * Type of the condition, a PascalCase state.
   */
  type: string;
  /**
   * Whether the state holds.
   */
  status: ConditionStatus;
  /**
   * The metadata.generation the condition speaks of.
   */
  observedGeneration?: number;
  /**
   * When `status` last changed.
   */
  lastTransitionTime: string;
  /**
   * Why, one PascalCase word of the reasons table.
   */
  reason: string;
  /**
   * Why, in one sentence for a person.
   */
  message: string;
}

/**
 * Whether the state holds.
 */
export type ConditionStatus = 'True' | 'False' | 'Unknown';

/**
 * Key of a ConfigMap of this namespace that holds the text.
 */
export interface ConfigMapKeyReference {
  /**
   * Name of the ConfigMap.
   */
  name: string;
  /**
   * Key in the ConfigMap.
   */
  key: string;
}

/**
 * What a rollback costs.
 */
export interface Demotion {
  /**
   * How long nothing is earned after one, as `720h`.
   */
  cooldown: string;
}

/**
 * How a merged change reaches production, and what is waited for until it has. The rig starts no deployment itself.
 */
export interface Deploy {
  /**
   * The system that deploys. `none` means that merged is done. `deployments` is any that tells the forge by deployments and their statuses; `cloudflare-pages` is one of these. `flux` is a Kustomization of Flux, `flagger` a Canary of Flagger. What a conductor cannot follow it leaves to a person (DeployUnsupported).
   */
  kind: DeployKind;
  /**
   * Settings of that system, by name. For `deployments`: `environment` (default production), in any case; `staging`, an environment before it that is waited for as well; `reporter`, the login whose reports alone count, which protects only if no workflow of a branch can act as it. For `flux`: `kustomization` and its `namespace` (default the Repository's); `staging`, a Kustomization before it. For `flagger`: `canary` and its `namespace` (default the Repository's). For all: `url`, where the change is reached, whatever the deployer says of it.
   */
  settings?: {
    [k: string]: string;
  };
  /**
   * What follows a deployment that failed, was taken back, or did not stand the commands of `verify` once the retries are used up. `reopen`: the issue is worked again, twice at most, then a person is asked. `await-human`: a person is asked at once.
   */
  onFailure: DeployFailurePolicy;
  /**
   * How long a deployment is waited for before a person is asked.
   */
  timeoutMinutes: number;
}

/**
 * What follows a deployment that failed, was taken back, or did not stand the commands of `verify` once the retries are used up. `reopen`: the issue is worked again, twice at most, then a person is asked. `await-human`: a person is asked at once.
 */
export type DeployFailurePolicy = 'reopen' | 'await-human';

/**
 * The system that deploys. `none` means that merged is done. `deployments` is any that tells the forge by deployments and their statuses; `cloudflare-pages` is one of these. `flux` is a Kustomization of Flux, `flagger` a Canary of Flagger. What a conductor cannot follow it leaves to a person (DeployUnsupported).
 */
export type DeployKind = 'none' | 'deployments' | 'cloudflare-pages' | 'xcode-cloud' | 'flux' | 'flagger';

/**
 * `push`: the conductor makes a Job. `pull`: an agent that lives elsewhere asks for work.
 */
export type Dispatch = 'push' | 'pull';

/**
 * Where a task of this repository may connect to beyond the rig itself, through the egress proxy. What is not listed is refused and told as EGRESS_DENIED. An edit holds for running tasks within a minute, open connections included.
 */
export interface Egress {
  /**
   * Package registries by name, each short for the hosts that its client reads packages from.
   */
  presets: EgressPreset[];
  /**
   * Hosts that may be reached: a name in lower case (registry.example.org), every name below one (*.example.org), or an IP address (192.0.2.7, [2001:db8::7]). Port 443 alone, or the one that is written after a colon. With http:// before it, plain HTTP as well, by default on port 80.
   */
  allow: string[];
}

export type EgressPreset = 'npm' | 'pypi' | 'nuget' | 'crates' | 'golang' | 'maven' | 'rubygems';

/**
 * `ruleset`: the forge's rules for the default branch hold what the gate asks, for everybody. `none`: the forge offers no rulesets, so only the conductor's own gate stands between a change and the branch.
 */
export type EnforcementKind = 'ruleset' | 'none';

/**
 * `Enforced` when the ruleset equals what this Repository asks.
 */
export type EnforcementState = 'Enforced' | 'NotEnforced' | 'Unknown';

/**
 * The share of events that may be bad in a window that ends now.
 */
export interface ErrorBudget {
  /**
   * What the budget is of, shown when it is used up.
   */
  name: string;
  /**
   * The share of events that has to be good, for example 0.999.
   */
  objective: number;
  /**
   * The window of the objective, in whole days.
   */
  window: string;
  /**
   * A PromQL expression that counts good events, or their rate, over `[$window]`, with exactly one sample as its result. `$window` is filled in, and nothing else.
   */
  good: string;
  /**
   * The same of all events; none at all is not success.
   */
  total: string;
  /**
   * The share of the budget of which more has to be left.
   */
  minRemaining: number;
}

/**
 * What a person is asked for. There only while the Issue waits for one.
 */
export interface Escalation {
  /**
   * Number of the question. Asked again, it has another one.
   */
  gate: number;
  /**
   * Why it is asked, one PascalCase word of the reasons table. It stays while the condition Ready names what else is the matter.
   */
  reason?: string;
  /**
   * When it was asked.
   */
  since: string;
  /**
   * How often who was told of it has been told again.
   */
  reminders?: number;
  /**
   * When that was last.
   */
  remindedAt?: string;
  /**
   * The user who said to see to it. Nobody is reminded any more.
   */
  acknowledgedBy?: string;
  /**
   * When that was.
   */
  acknowledgedAt?: string;
  /**
   * What they had to say.
   */
  note?: string;
}

/**
 * The kind of forge that holds the repository. Immutable.
 */
export type ForgeKind = 'github';

/**
 * One row of the merge gate.
 */
export interface Gate {
  /**
   * Which gate, for example ci or review.
   */
  name: string;
  /**
   * `Passed`, `Waiting` for something that can come by itself, `Failed` until somebody acts, or `Unknown` where the world could not be read. Only Passed passes.
   */
  state: GateState;
  /**
   * Why, one PascalCase word of the reasons table.
   */
  reason: string;
  /**
   * When state or reason last changed.
   */
  since: string;
  /**
   * What is missing and what to do about it, in one sentence.
   */
  message?: string;
}

/**
 * Whether the forge itself holds what the merge gate asks.
 */
export interface GateEnforcement {
  /**
   * `Enforced` when the ruleset equals what this Repository asks.
   */
  state?: EnforcementState;
  /**
   * What the ruleset lacks, one sentence each.
   */
  missing?: string[];
  /**
   * When the ruleset was read.
   */
  checkedAt?: string;
}

/**
 * `Passed`, `Waiting` for something that can come by itself, `Failed` until somebody acts, or `Unknown` where the world could not be read. Only Passed passes.
 */
export type GateState = 'Passed' | 'Waiting' | 'Failed' | 'Unknown';

/**
 * Kinds of one API group.
 */
export interface GovernedManifest {
  /**
   * The API group; empty for the core group.
   */
  group: string;
  /**
   * The kinds, as in `kind`.
   */
  kinds: string[];
  /**
   * What needs consent.
   */
  operations: ManifestOperation[];
  /**
   * Governed namespaces that this is about. Left out, all of them.
   */
  namespaces?: string[];
  /**
   * Labels that an object must have for this to be about it. Left out, every object of the kinds.
   */
  labels?: {
    [k: string]: string;
  };
}

/**
 * The Issues of this Repository, counted.
 */
export interface IssueCounts {
  /**
   * Issues that are neither Done nor Failed nor Cancelled.
   */
  open?: number;
  /**
   * Issues by phase.
   */
  byPhase?: {
    [k: string]: number;
  };
}

/**
 * Where the Issue is in its lifecycle.
 */
export type IssuePhase =
  | 'Pending'
  | 'Queued'
  | 'Planning'
  | 'AwaitingHuman'
  | 'Implementing'
  | 'InReview'
  | 'Merging'
  | 'Deploying'
  | 'Done'
  | 'Failed'
  | 'Cancelled';

/**
 * Where the Issue came from. Only what people asked for counts towards an agent's trust.
 */
export type IssueSource = 'webhook' | 'discord' | 'kubectl' | 'agent';

/**
 * What is wanted.
 */
export interface IssueSpec {
  /**
   * The Repository of this namespace the work is for. Immutable.
   */
  repositoryRef: ObjectReference;
  /**
   * Number of an issue that already exists on the forge. Left out, the conductor files one and writes its number into status.number. Immutable.
   */
  number?: number;
  /**
   * What is wanted, in one line. For an issue from the forge it belongs to the forge.
   */
  title: string;
  /**
   * What is wanted, in full (Markdown). For an issue from the forge it belongs to the forge.
   */
  body: string;
  /**
   * The issue's labels on the forge.
   */
  labels: string[];
  /**
   * Where the Issue came from. Only what people asked for counts towards an agent's trust.
   */
  source: IssueSource;
  /**
   * A floor for the tier, set by a person or the planner. It can be raised, never lowered.
   */
  tier?: Tier;
  /**
   * The kind of work (docs, dependencies, feature, refactor, and so on), independent of its tier.
   */
  taskClass?: string;
  /**
   * Which waiting Issue goes first; among equals, the oldest.
   */
  priority: Priority;
  /**
   * The Issue of this namespace, an epic, that this one is part of.
   */
  parentRef?: ObjectReference;
  /**
   * Issues of this namespace that must be Done before this one is dispatched.
   *
   * Items: One Issue this one waits for.
   */
  dependsOn: ObjectReference[];
  /**
   * What the planner or a person worked out about the task.
   */
  taskSpec?: TaskSpec;
  /**
   * While true nothing is dispatched; turning it on ends the running task. What was pushed stays.
   */
  suspend: boolean;
}

/**
 * Where the work stands. A projection of its events, written by the conductor alone.
 */
export interface IssueStatus {
  /**
   * The metadata.generation this status speaks of.
   */
  observedGeneration?: number;
  /**
   * The issue's number on the forge.
   */
  number?: number;
  /**
   * The issue's page on the forge.
   */
  url?: string;
  /**
   * Where the Issue is in its lifecycle.
   */
  phase?: IssuePhase;
  /**
   * The tier the Issue's text and labels were graded as.
   */
  issueTier?: Tier;
  /**
   * The higher of the Issue's tier and that of the diff.
   */
  effectiveTier?: Tier;
  /**
   * The rule, and the file where there is one, that decided the effective tier.
   */
  tierReason?: string;
  /**
   * The class the work was given.
   */
  taskClass?: string;
  /**
   * The plan of the work, where its tier asks for an approved interface.
   */
  plan?: Plan;
  /**
   * Name of the Agent that holds the work claim.
   */
  assignedTo?: string;
  /**
   * Number of the latest work claim.
   */
  attempts?: number;
  /**
   * Branch of the latest work claim.
   */
  branch?: string;
  /**
   * The pull request of the latest work claim.
   */
  pullRequest?: PullRequest;
  /**
   * What a person is asked for. There only while the Issue waits for one.
   */
  escalation?: Escalation;
  /**
   * What a person asked an agent to prepare last (rig prepare).
   */
  preparation?: Preparation;
  /**
   * The merge gate, row by row, as last decided.
   *
   * Items: One row of the merge gate.
   */
  gates?: Gate[];
  /**
   * The most useful missing thing, in one sentence for the person who waits.
   */
  why?: string;
  /**
   * What all its tasks have cost, in US dollars.
   */
  costUSD?: number;
  /**
   * Ready (accepted and progressing or done), Reconciling and Stalled as kstatus reads them; Merged and Done for people who wait.
   *
   * Items: One aspect of the object's state.
   */
  conditions?: Condition[];
}

export type ManifestOperation = 'CREATE' | 'UPDATE' | 'DELETE';

/**
 * How the forge merges a pull request.
 */
export type MergeMethod = 'merge' | 'squash' | 'rebase';

/**
 * One model and how it is asked.
 */
export interface Model {
  /**
   * `anthropic`, `openai`, `claude-cli`, `codex-cli`, or the name that the proxy's configuration gives to a compatible endpoint.
   */
  provider: string;
  /**
   * The provider's id of the model.
   */
  model: string;
  /**
   * Sampling temperature; dropped with a warning where the model does not take one.
   */
  temperature?: number;
  /**
   * The most tokens one answer may have.
   */
  maxTokens?: number;
}

/**
 * Flagger Canary whose status says how a merged change fares: live is only what it promoted. With deploy.kind none it is what deploys. One in another namespace has to name this Repository in its annotation rig.dashecorp.com/delivers.
 */
export interface NamespacedReference {
  /**
   * Namespace of the object.
   */
  namespace: string;
  /**
   * Name of the object.
   */
  name: string;
}

/**
 * The TierPolicy that grades this repository's changes. Left out, the TierPolicy named `default` does; where there is none, everything is T3.
 */
export interface ObjectReference {
  /**
   * Name of the object.
   */
  name: string;
}

/**
 * One model that answered.
 */
export interface ObservedModel {
  /**
   * Model id of the answer.
   */
  model: string;
  /**
   * When it last answered.
   */
  lastAnsweredAt: string;
}

/**
 * The plan of the work, where its tier asks for an approved interface.
 */
export interface Plan {
  /**
   * Digest of the plan, which an interface Approval names.
   */
  digest: string;
  /**
   * Where the plan can be read.
   */
  url?: string;
}

/**
 * What a person asked an agent to prepare last (rig prepare).
 */
export interface Preparation {
  /**
   * Id of the asking.
   */
  act: string;
  /**
   * The user who asked.
   */
  by: string;
  /**
   * When that was.
   */
  at: string;
}

/**
 * Which waiting Issue goes first; among equals, the oldest.
 */
export type Priority = 'critical' | 'high' | 'normal' | 'low';

/**
 * How an Agent earns the next tier in a class of work.
 */
export interface Promotion {
  /**
   * Successes in a row that it takes.
   */
  streak: number;
  /**
   * How long a change must have been live and quiet to count, as `24h` or `90m`.
   */
  settle: string;
  /**
   * Successes of one class that count on one day.
   */
  maxPerDay: number;
}

/**
 * The pull request of the latest work claim.
 */
export interface PullRequest {
  /**
   * Its number on the forge.
   */
  number: number;
  /**
   * Its page on the forge.
   */
  url?: string;
  /**
   * Its head commit.
   */
  headSHA?: string;
  /**
   * The commit it was merged as.
   */
  mergeSHA?: string;
}

/**
 * The tier that what matches has at least.
 */
export type RaisedTier = 'T1' | 'T2' | 'T3';

/**
 * One rule that raises the tier of what it matches.
 */
export interface RaiseRule {
  /**
   * The rule's name, shown where it decided a tier.
   */
  name: string;
  /**
   * The tier that what matches has at least.
   */
  tier: RaisedTier;
  /**
   * What the rule matches. Every field given must match.
   */
  match: RuleMatch;
}

/**
 * Used where the base commit has no .rig-agent.yaml. That file, read from the base commit and never from the branch, goes before.
 */
export interface RepositoryDefaults {
  /**
   * The stack that works on this repository, for example node.
   */
  stack?: string;
  /**
   * Command that runs the tests from the repository's root; exit code 0 is success.
   */
  testCommand?: string;
  /**
   * Command that builds the repository from its root; exit code 0 is success.
   */
  buildCommand?: string;
}

/**
 * What the forge calls the repository.
 */
export interface RepositoryForgeStatus {
  /**
   * The forge's host, with its port where it is not the scheme's own.
   */
  host?: string;
  /**
   * The forge's numeric id of the repository, which outlives renames and transfers.
   */
  repositoryID?: number;
  /**
   * Owner and name on the forge today.
   */
  fullName?: string;
}

/**
 * What is wanted of this repository.
 */
export interface RepositorySpec {
  /**
   * The kind of forge that holds the repository. Immutable.
   */
  forge: ForgeKind;
  /**
   * Base URL of the forge's REST API, for example https://ghe.example.com/api/v3 for GitHub Enterprise Server. It must use https, except on this machine's loopback. Immutable.
   */
  apiURL: string;
  /**
   * The user or organisation that owns the repository on the forge. Immutable.
   */
  owner: string;
  /**
   * The repository's name on the forge, without the owner. Immutable.
   */
  name: string;
  /**
   * The URL git fetches from and the git gateway forwards to, for example https://github.com/acme/minimist.git. It must use https, except on this machine's loopback, and carry no credentials. Immutable.
   */
  cloneURL: string;
  /**
   * The branch changes are based on and merged into.
   */
  defaultBranch: string;
  /**
   * Secret of this namespace with the conductor's forge identity (key `token`, or for an App the keys `appId`, `privateKey` and `installationId`). It must carry the label rig.dashecorp.com/forge and the annotation rig.dashecorp.com/forge-host, which names the one host it may be sent to; otherwise it is not read (SecretNotAllowed).
   */
  credentialsSecretRef: SecretReference;
  /**
   * Secret of this namespace whose key `secret` signs the forge's webhook deliveries; labelled and annotated like credentialsSecretRef. Without it no delivery is accepted, and what happens at the forge is found by a listing, minutes later.
   */
  webhookSecretRef?: SecretReference;
  /**
   * The TierPolicy that grades this repository's changes. Left out, the TierPolicy named `default` does; where there is none, everything is T3.
   */
  tierPolicyRef?: ObjectReference;
  /**
   * Rules of this repository on top of its TierPolicy. They can only raise a tier, never lower it.
   *
   * Items: One rule that raises the tier of what it matches.
   */
  raise: RaiseRule[];
  /**
   * A forge issue is taken in when a person with write permission gives it this label.
   */
  intakeLabel: string;
  /**
   * A pull request that carries one of these labels is not merged (gate `labels`).
   */
  blockLabels: string[];
  /**
   * Which checks must have succeeded on the head commit before a merge. It has to be said either way: a list, or the word `none`.
   */
  requiredChecks: RequiredChecks;
  /**
   * How the forge merges a pull request.
   */
  mergeMethod: MergeMethod;
  /**
   * What holds a merge besides the gate: without it nothing is merged (gate `enforced`). `rig repo protect` writes the ruleset.
   */
  enforcement: RuleEnforcement;
  /**
   * Globs of files whose change is at least T2, whatever the TierPolicy says.
   */
  protectedPaths: string[];
  /**
   * What the T1 gate asks about production before a merge, and the canary it follows after one. Left out, the T1 gate does not pass; the word `none` waives it and is shown.
   */
  slo?: ServiceLevel;
  /**
   * How a merged change reaches production, and what is waited for until it has. The rig starts no deployment itself.
   */
  deploy: Deploy;
  /**
   * Commands that prove a deployed change, each in a Job of its own, one after the other. They find the URL in RIG_URL and the live commit in RIG_REVISION; exit code 0 is success. There is no checkout, no token and no model: what a command needs is in the image. A check without a command is skipped.
   */
  verify?: VerifyCommands;
  /**
   * Where a task of this repository may connect to beyond the rig itself, through the egress proxy. What is not listed is refused and told as EGRESS_DENIED. An edit holds for running tasks within a minute, open connections included.
   */
  egress: Egress;
  /**
   * Used where the base commit has no .rig-agent.yaml. That file, read from the base commit and never from the branch, goes before.
   */
  defaults?: RepositoryDefaults;
  /**
   * Which Agent takes which work. The first entry whose fields all match is used; where none matches, any developer Agent of the namespace with the repository's stack may take it.
   *
   * Items: One route from task class and stack to an Agent.
   */
  agents: AgentRoute[];
}

/**
 * What was observed. A projection, written by the conductor alone.
 */
export interface RepositoryStatus {
  /**
   * The metadata.generation this status speaks of.
   */
  observedGeneration?: number;
  /**
   * What the forge calls the repository.
   */
  forge?: RepositoryForgeStatus;
  /**
   * How deliveries arrive.
   */
  webhook?: WebhookStatus;
  /**
   * When the repository was last listed in full.
   */
  lastSyncedAt?: string;
  /**
   * The value of the annotation rig.dashecorp.com/sync that the newest listing answered.
   */
  lastHandledSync?: string;
  /**
   * The Issues of this Repository, counted.
   */
  issues?: IssueCounts;
  /**
   * Whether the forge itself holds what the merge gate asks.
   */
  enforcement?: GateEnforcement;
  /**
   * Ready, Reconciling, Stalled and WebhookHealthy, as kstatus reads them.
   *
   * Items: One aspect of the object's state.
   */
  conditions?: Condition[];
}

/**
 * One check that must have concluded successfully, in its latest attempt.
 */
export interface RequiredCheck {
  /**
   * The check run's name.
   */
  name: string;
  /**
   * Slug of the forge App that must have posted it; the same name by another App does not count.
   */
  app: string;
}

/**
 * Which checks must have succeeded on the head commit before a merge. It has to be said either way: a list, or the word `none`.
 */
export interface RequiredChecks {
  /**
   * `listed`: every check of `checks` must have succeeded. `none`: changes are merged without any check.
   */
  kind: RequiredChecksKind;
  /**
   * The checks, each by its name and the App it must come from.
   *
   * Items: One check that must have concluded successfully, in its latest attempt.
   */
  checks?: RequiredCheck[];
}

/**
 * `listed`: every check of `checks` must have succeeded. `none`: changes are merged without any check.
 */
export type RequiredChecksKind = 'listed' | 'none';

/**
 * What the agent's sandbox asks for and may use, as in a pod. Without it, 128Mi of memory and at most 4Gi.
 */
export interface Resources {
  /**
   * What a node must have free.
   */
  requests?: {
    [k: string]: number | string;
  };
  /**
   * What the container may not exceed.
   */
  limits?: {
    [k: string]: number | string;
  };
}

/**
 * How many rules there are, by what they give.
 */
export interface RuleCounts {
  /**
   * All of them.
   */
  total: number;
  /**
   * Rules that give T0.
   */
  T0?: number;
  /**
   * Rules that give T1.
   */
  T1?: number;
  /**
   * Rules that give T2.
   */
  T2?: number;
  /**
   * Rules that give T3.
   */
  T3?: number;
  /**
   * Different task classes that they give.
   */
  classes?: number;
  /**
   * Rules that were not understood; with any, nothing is graded by the policy.
   */
  wrong?: number;
}

/**
 * What holds a merge besides the gate: without it nothing is merged (gate `enforced`). `rig repo protect` writes the ruleset.
 */
export interface RuleEnforcement {
  /**
   * `ruleset`: the forge's rules for the default branch hold what the gate asks, for everybody. `none`: the forge offers no rulesets, so only the conductor's own gate stands between a change and the branch.
   */
  kind: EnforcementKind;
  /**
   * The ruleset requires the approval of code owners too. Left out, it does not.
   */
  codeOwners?: boolean;
  /**
   * Slug of the forge App of the verifier. The ruleset requires its check `rig/approval` of every merge, and the same name by another App does not count. Says nothing where kind is none.
   */
  approvalApp: string;
  /**
   * Why the repository does without, shown in the condition GateEnforced and at the gate.
   */
  because?: string;
}

/**
 * What the rule matches. Every field given must match.
 */
export interface RuleMatch {
  /**
   * Matches an issue or pull request with any of these labels.
   */
  labels?: string[];
  /**
   * Matches a change of any file that one of these globs matches.
   */
  paths?: string[];
  /**
   * Matches a title that contains this text, in any case.
   */
  title?: string;
  /**
   * Matches where this CEL expression over `issue` and `diff` is true; beside paths it is asked of each `file`.
   */
  cel?: string;
}

/**
 * Secret of this namespace with the conductor's forge identity (key `token`, or for an App the keys `appId`, `privateKey` and `installationId`). It must carry the label rig.dashecorp.com/forge and the annotation rig.dashecorp.com/forge-host, which names the one host it may be sent to; otherwise it is not read (SecretNotAllowed).
 */
export interface SecretReference {
  /**
   * Name of the Secret.
   */
  name: string;
}

/**
 * What the T1 gate asks about production before a merge, and the canary it follows after one. Left out, the T1 gate does not pass; the word `none` waives it and is shown.
 */
export interface ServiceLevel {
  /**
   * `prometheus`: the queries are asked. `none`: nothing is asked.
   */
  kind: ServiceLevelKind;
  /**
   * Base URL of the Prometheus HTTP API, with its path prefix. It is asked without credentials, and no redirect is followed.
   */
  prometheusURL?: string;
  /**
   * Gate `slo`. The questions; each must hold.
   *
   * Items: One PromQL expression and the bounds its value must keep.
   */
  queries?: ServiceLevelQuery[];
  /**
   * Gate `errorBudget`. Error budgets; of each something must be left, and it must not burn too fast.
   *
   * Items: The share of events that may be bad in a window that ends now.
   */
  budgets?: ErrorBudget[];
  /**
   * Flagger Canary whose status says how a merged change fares: live is only what it promoted. With deploy.kind none it is what deploys. One in another namespace has to name this Repository in its annotation rig.dashecorp.com/delivers.
   */
  canaryRef?: NamespacedReference;
}

/**
 * `prometheus`: the queries are asked. `none`: nothing is asked.
 */
export type ServiceLevelKind = 'prometheus' | 'none';

/**
 * One PromQL expression and the bounds its value must keep.
 */
export interface ServiceLevelQuery {
  /**
   * What the query is about, shown when it does not hold.
   */
  name: string;
  /**
   * A PromQL expression with exactly one sample as its result; no sample is not success.
   */
  query: string;
  /**
   * The lowest value that holds.
   */
  min?: number;
  /**
   * The highest value that holds.
   */
  max?: number;
}

/**
 * Who signed, as the certificate says. There only while the Approval is verified.
 */
export interface SignerIdentity {
  /**
   * Name in the certificate, a mail address or a URI.
   */
  subject: string;
  /**
   * Who vouched for that name.
   */
  issuer: string;
}

/**
 * The claim the task runs under. Every call of the task names its fence.
 */
export interface TaskClaim {
  /**
   * The claim's UUID.
   */
  id: string;
  /**
   * The epoch the claim was made in; `rig recover` begins another.
   */
  epoch: number;
  /**
   * A number that only grows within its epoch. A lower one than the claim's is refused everywhere.
   */
  fence: number;
}

/**
 * What is to be done. It decides which tools the task has.
 */
export type TaskKind =
  'implement' | 'rework' | 'review' | 'plan' | 'prepare' | 'build' | 'deploy' | 'judge' | 'repair' | 'watch';

/**
 * How it ended, by the conductor's record and never from a log.
 */
export interface TaskOutcome {
  /**
   * One PascalCase word of the reasons table.
   */
  reason: string;
  /**
   * What happened, in one sentence for a person.
   */
  message?: string;
}

/**
 * `Pending` until the agent's first call, `Running` until its outcome. `Stuck` when the StuckGuard ended it; the last four are final.
 */
export type TaskPhase = 'Pending' | 'Running' | 'Succeeded' | 'Failed' | 'Stuck' | 'Cancelled';

/**
 * The pod that runs it. A task token is given to the pod with this uid alone.
 */
export interface TaskPod {
  /**
   * Name of the pod.
   */
  name: string;
  /**
   * metadata.uid of the pod.
   */
  uid: string;
}

/**
 * What the planner or a person worked out about the task.
 */
export interface TaskSpec {
  /**
   * What is different when the task is done.
   */
  goal: string;
  /**
   * What a reviewer checks, one statement each.
   */
  acceptance: string[];
  /**
   * Interfaces the change must keep or make, one each.
   */
  interfaces: string[];
  /**
   * Files the change is expected to touch, as paths from the repository's root.
   */
  files: string[];
}

/**
 * What the task is about. Exactly one of the references.
 */
export interface TaskSubject {
  /**
   * The Issue of this namespace.
   */
  issueRef?: ObjectReference;
  /**
   * The Repository of this namespace.
   */
  repositoryRef?: ObjectReference;
  /**
   * A planning thread.
   */
  threadRef?: ThreadReference;
}

/**
 * A planning thread.
 */
export interface ThreadReference {
  /**
   * The thread's id where it is held, for example discord/1234567890.
   */
  name: string;
}

/**
 * A floor for the tier, set by a person or the planner. It can be raised, never lowered.
 */
export type Tier = 'T0' | 'T1' | 'T2' | 'T3';

/**
 * Who works at this tier. `human` leaves every such issue to a person.
 */
export type TierDispatch = 'agent' | 'human';

export type TierGate = 'slo' | 'errorBudget' | 'canary' | 'interfaceApproval' | 'attestors' | 'mergeApproval';

/**
 * How changes are graded, and what follows.
 */
export interface TierPolicySpec {
  /**
   * What each tier asks beyond the gates that every merge passes. A tier that is left out asks what its field says.
   */
  tiers: TierTable;
  /**
   * The rules. All are asked, the highest tier wins, and what none of them gives a tier is T2. Rules with paths are asked of each file; the others of the whole, and vouch for no file.
   *
   * Items: One rule that gives what it matches a tier, a task class or both.
   */
  rules: TierRule[];
  /**
   * Kinds of objects whose change in a governed namespace needs consent, beside those that every rig guards, which no list takes away: Secrets, ServiceAccounts, Namespaces, volumes and claims, RBAC, CustomResourceDefinitions, the end of a StatefulSet, and Jobs that are labelled as migrations.
   *
   * Items: Kinds of one API group.
   */
  manifests: GovernedManifest[];
  /**
   * How an Agent earns the next tier in a class of work.
   */
  promotion: Promotion;
  /**
   * What a rollback costs.
   */
  demotion: Demotion;
  /**
   * A model that has not answered before starts at T0, and stays there until a person acknowledges it.
   */
  resetOnModelChange: boolean;
}

/**
 * What became of the policy.
 */
export interface TierPolicyStatus {
  /**
   * Generation of the spec that the rest of the status speaks of.
   */
  observedGeneration?: number;
  /**
   * How many rules there are, by what they give.
   */
  rules?: RuleCounts;
  /**
   * Repositories that it grades.
   */
  repositories?: number;
  /**
   * Ready, Reconciling and Stalled, as kstatus reads them, and PromotionUnreachable.
   *
   * Items: One aspect of the object's state.
   */
  conditions?: Condition[];
}

/**
 * One rule that gives what it matches a tier, a task class or both.
 */
export interface TierRule {
  /**
   * The rule's name, shown where it decided something.
   */
  name: string;
  /**
   * The tier that what matches has at least.
   */
  tier?: Tier;
  /**
   * The kind of work that it is, independent of its tier.
   */
  taskClass?: string;
  /**
   * What the rule matches. Every field given must match.
   */
  match: RuleMatch;
}

/**
 * What each tier asks beyond the gates that every merge passes. A tier that is left out asks what its field says.
 */
export interface TierTable {
  /**
   * Trivially reversible, no effect in production. By default nothing more is asked.
   */
  T0: TierTerms;
  /**
   * Reversible in minutes. By default the Repository's SLO and error budget are asked before the merge and the canary after it, unless the Repository says `slo: none`.
   */
  T1: TierTerms;
  /**
   * Slow to roll back. By default a person approves the interface first, and two attestors vouch.
   */
  T2: TierTerms;
  /**
   * Cannot be undone. A person drives and signs; neither can be taken away.
   */
  T3: TierTerms;
}

/**
 * Trivially reversible, no effect in production. By default nothing more is asked.
 */
export interface TierTerms {
  /**
   * Who works at this tier. `human` leaves every such issue to a person.
   */
  dispatch: TierDispatch;
  /**
   * Gates of this tier beside the common ones.
   */
  gates: TierGate[];
  /**
   * Who has to vouch for a change at gate `attestors`. Left out, one person and one machine.
   */
  attestors?: Attestors;
}

/**
 * What it has used, in tokens.
 */
export interface Tokens {
  /**
   * Tokens sent that no cache held.
   */
  input: number;
  /**
   * Tokens answered.
   */
  output: number;
  /**
   * Tokens read from the provider's prompt cache.
   */
  cacheRead: number;
  /**
   * Tokens written to the provider's prompt cache.
   */
  cacheWrite: number;
}

/**
 * One tolerated taint, as in a pod.
 */
export interface Toleration {
  /**
   * Key of the taint; left out with operator Exists, every key.
   */
  key?: string;
  /**
   * How the value is compared; Equal when left out.
   */
  operator?: 'Equal' | 'Exists';
  /**
   * Value of the taint.
   */
  value?: string;
  /**
   * Effect of the taint; left out, every effect.
   */
  effect?: 'NoSchedule' | 'PreferNoSchedule' | 'NoExecute';
  /**
   * How long NoExecute is tolerated, in seconds; left out, forever.
   */
  tolerationSeconds?: number;
}

/**
 * What became of what a person said last of this agent's trust.
 */
export interface TrustAnswer {
  /**
   * Id of what was said.
   */
  act: string;
  /**
   * Whether it is in the log. Otherwise the message says why not.
   */
  taken: boolean;
  /**
   * What became of it, in one sentence.
   */
  message: string;
}

/**
 * Commands that prove a deployed change, each in a Job of its own, one after the other. They find the URL in RIG_URL and the live commit in RIG_REVISION; exit code 0 is success. There is no checkout, no token and no model: what a command needs is in the image. A check without a command is skipped.
 */
export interface VerifyCommands {
  /**
   * Image in which the commands run. Left out, that of the Agent that made the change.
   */
  image?: string;
  /**
   * How long one command may run.
   */
  timeoutMinutes: number;
  /**
   * Command of the smoke test.
   */
  smoke?: string;
  /**
   * Command of the end-to-end test.
   */
  e2e?: string;
  /**
   * Command of the accessibility test.
   */
  a11y?: string;
}

/**
 * How deliveries arrive.
 */
export interface WebhookStatus {
  /**
   * Whether deliveries arrive, as the condition WebhookHealthy says.
   */
  healthy?: boolean;
  /**
   * The minute in which the newest delivery arrived.
   */
  lastDeliveryAt?: string;
}

/** The values of every enum, by the name of its type. */
export const enums = {
  AgentRole: ['planner', 'developer', 'reviewer', 'builder', 'judge', 'operations', 'architect', 'repairer', 'watcher'],
  ApprovalScope: ['dispatch', 'interface', 'merge'],
  Billing: ['metered', 'subscription'],
  CeilingTier: ['T0', 'T1', 'T2'],
  ConditionStatus: ['True', 'False', 'Unknown'],
  DeployFailurePolicy: ['reopen', 'await-human'],
  DeployKind: ['none', 'deployments', 'cloudflare-pages', 'xcode-cloud', 'flux', 'flagger'],
  Dispatch: ['push', 'pull'],
  EgressPreset: ['npm', 'pypi', 'nuget', 'crates', 'golang', 'maven', 'rubygems'],
  EnforcementKind: ['ruleset', 'none'],
  EnforcementState: ['Enforced', 'NotEnforced', 'Unknown'],
  ForgeKind: ['github'],
  GateState: ['Passed', 'Waiting', 'Failed', 'Unknown'],
  IssuePhase: ['Pending', 'Queued', 'Planning', 'AwaitingHuman', 'Implementing', 'InReview', 'Merging', 'Deploying', 'Done', 'Failed', 'Cancelled'],
  IssueSource: ['webhook', 'discord', 'kubectl', 'agent'],
  ManifestOperation: ['CREATE', 'UPDATE', 'DELETE'],
  MergeMethod: ['merge', 'squash', 'rebase'],
  Priority: ['critical', 'high', 'normal', 'low'],
  RaisedTier: ['T1', 'T2', 'T3'],
  RequiredChecksKind: ['listed', 'none'],
  ServiceLevelKind: ['prometheus', 'none'],
  TaskKind: ['implement', 'rework', 'review', 'plan', 'prepare', 'build', 'deploy', 'judge', 'repair', 'watch'],
  TaskPhase: ['Pending', 'Running', 'Succeeded', 'Failed', 'Stuck', 'Cancelled'],
  Tier: ['T0', 'T1', 'T2', 'T3'],
  TierDispatch: ['agent', 'human'],
  TierGate: ['slo', 'errorBudget', 'canary', 'interfaceApproval', 'attestors', 'mergeApproval'],
} as const;
