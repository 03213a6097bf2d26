/**
 * Every reason: the PascalCase cause in a condition, a gate, an outcome, a Kubernetes event or an action, and what it
 * means in one sentence. A name that was once used is never given another meaning.
 */
export const reasons = {
  // Progress
  Accepted: 'The object is valid and taken in.',
  Progressing: 'Work is going on and nobody is waited for.',
  Succeeded: 'It was done as asked.',
  Passed: 'The gate passes.',
  Queued: 'The issue waits for an Agent with free concurrency.',
  Dispatched: 'A task was given to an Agent.',
  Started: 'The agent made its first call.',
  Done: 'The change is merged and everything after the merge that the Repository asks for has happened.',
  Merged: 'The pull request was merged.',
  NotMerged: 'The pull request has not been merged yet.',
  NotDone: 'The issue is not done yet.',
  Filed: 'The issue was filed on the forge.',
  ReviewWanted: 'The head of the pull request has no review yet.',
  ReworkWanted: 'The reviewer asked for changes that are not made yet.',
  RequestedByPerson: 'A person asked for it.',
  AllGatesPassed: 'Every row of the merge gate passes.',

  // Intent and routing
  Suspended: 'The issue is suspended; set spec.suspend to false to go on.',
  DependencyOpen: 'An issue that this one depends on is not Done yet.',
  HasChildren: 'Other issues name this one as their parent, so it finishes with them and is not worked itself.',
  ChildrenOpen: 'A child of the issue is not Done yet.',
  ChildrenDone: 'Every child of the issue is Done.',
  ChildFailed: 'A child of the issue failed, was cancelled or deleted, or waits for the issue in turn.',
  ParentMissing: 'The Issue that spec.parentRef names is not in the namespace.',
  RepositoryMissing: 'No Repository of that name is in the namespace.',
  RepositoryNotReady: 'The Repository is not Ready; its own conditions say why.',
  DuplicateRepository: 'An older Repository in the cluster already owns this forge repository.',
  DuplicateIssue: 'An older Issue in the namespace already stands for this forge issue.',
  IssueNotFound: 'The forge has no issue of that number in the repository.',
  AgentMissing: 'No Agent of that name is in the namespace.',
  AgentSuspended: 'The Agent is suspended.',
  NoAgentFits: 'No developer Agent has the stack, the ceiling and the permission to take this issue.',
  ConcurrencyFull: 'Every Agent that fits runs as many tasks as it may.',
  Unschedulable: 'No node takes the pod of the task.',
  CommandRefused: 'A command does not fit where the issue stands; its answer says why.',
  NewerGeneration: 'The issue was edited, so its task was ended and the next attempt starts with the new text.',
  PersonNotTold: 'A sink that tells people which issues wait for them does not take it; it is tried again and again.',

  // Tier
  NoTierPolicy: 'No TierPolicy grades this repository, so everything in it is T3.',
  TierPolicyInvalid:
    'A rule of the TierPolicy, or of the Repository, is wrong; everything that it would grade is T3 until it is put right.',
  TierRaised: 'The diff is of a higher tier than the issue was dispatched at.',
  TierOfPeople: 'The TierPolicy leaves work of this tier to people.',
  PlanProposed: 'The agent has said how it would do the work; a person approves that first.',
  InterfaceUnapproved:
    'Work whose tier asks for an approved interface, as T2 does, is begun and merged only by a plan that a person has approved.',
  Prepared: 'The agent has prepared what a person asked for; the person goes on with it.',
  IrreversibleTier: 'The tier is T3: a person drives, and agents only prepare.',

  // Approvals
  Verified: 'A listed person signed exactly this, and it still holds.',
  ApprovalMissing: 'No person has approved this step.',
  ApprovalExpired: 'The Approval held only for a time, which is over.',
  ApprovalDeleted: 'The Approval was deleted, which takes it back.',
  ApprovalOutdated: 'The Approval was signed before the issue was reopened or recovered.',
  ApprovalRepeated: 'Another Approval holds the same signature, so this one adds nothing.',
  BundleInvalid: 'The bundle of the Approval is not a Sigstore bundle with one signed envelope and a certificate.',
  SignatureInvalid:
    'The bundle of the Approval does not verify: its signature, certificate, log entry or time is not of the trusted root.',
  StatementInvalid: 'What was signed is not exactly one approval of one document.',
  ScopeMismatch: 'What was signed is of another scope than the Approval says.',
  DigestMismatch: 'The issue, its plan or its pull request is not what was signed.',
  SignedInFuture: 'The Approval was signed in the future, as its log or timestamp authority tells.',
  MachineSigner: 'A machine signed the Approval.',
  SignerNotListed: 'Who signed the Approval is not among the people who may.',
  SignerIsAuthor: 'Who signed the Approval opened or pushed the change, and four eyes are asked for.',
  AuthorsUnknown: 'It is not known who pushed the change, so four eyes cannot be told apart.',
  TrustUnreadable: 'The trusted root or the list of people cannot be read, so nothing that was signed can be verified.',
  TrustedRootExpiring: 'The trusted root verifies nothing that is signed after a day within the next month.',
  IssueMissing: 'The Issue that the Approval is for does not exist.',

  // Trust
  CeilingTooLow:
    'The work is graded above what any Agent that fits is trusted with; a person lets it through or grants more.',
  NoWorkAtTier: 'The rules find no work of the class at the tier that a promotion needs.',
  TrustCounted: 'The change counts as a success of its Agent.',
  TrustSettling: 'The change is live and counts once it has been quiet for long enough.',
  TrustNotLive: 'The change is not live, or has not been quiet since.',
  TrustRolledBack: 'The change had to be taken back.',
  TrustAgentFiled: 'An agent filed the issue, so its change counts for nothing.',
  TrustSeveralAgents: 'Several Agents pushed to the change, so it counts for none.',
  TrustSeveralModels: 'Several models answered for the change, so it counts for none.',
  TrustModelUnknown: 'It is not known which model answered for the change.',
  TrustHumanRework: 'A person pushed to the change or sent it back.',
  TrustUnattributed: 'It is not known who pushed a head of the change.',
  TrustQuestioned: 'A person is asked whether the change had to be taken back.',
  TrustUnmeasured: 'The merged diff has not been read and graded.',
  TrustEmptyChange: 'The change consists of white space.',
  TrustGeneratedChange: 'The change consists of files that programs write.',
  TrustInverse: 'The change takes another merged change back, which git does by itself.',
  TrustBudgetSpent: 'The change used up the error budget of its service before it had settled.',
  TrustOtherTier: 'The change is of another tier than the one that leads on from the ceiling.',
  TrustParentCounted: 'Another child of the same parent has counted.',
  TrustDailyLimit: 'As many changes as count in one day have counted on that day.',
  TrustAnswerRefused:
    'What a person said of an Agent or a change does not fit what the ledger knows; the message says why.',

  // Secrets and the forge
  SecretMissing: 'The Secret, or the key in it, does not exist.',
  SecretNotAllowed: 'The Secret lacks the label rig.dashecorp.com/forge, or its annotation names another host.',
  SecretInvalid: 'A key of the Secret holds something else than it should.',
  ForgeUnreachable: 'The forge does not answer.',
  ForgeRefused: 'The forge refused the call; its own message is in the condition.',
  CredentialsRefused: 'The forge refuses the credentials.',
  PushNotAllowed: 'The credentials may not push to the repository, so that another Repository may own it.',
  RateLimited: 'The forge asks to call less often.',
  RepositoryNotFound: 'The forge has no such repository, or the credentials cannot see it.',
  RepositoryArchived: 'The repository is archived at the forge, so nothing can be changed in it.',
  RepositoryRenamed: 'The forge calls the repository by another name than the spec; calls follow it.',
  InstallationRemoved: 'The App is not installed at the forge any more, so it has no token.',
  InstallationSuspended: 'The installation of the App is suspended at the forge, so it has no token.',
  LabelerUnknown: 'It is not known who put the intake label on, or who edited the text, so it is not taken.',
  NoDeliveryYet: 'A webhook secret is named, and no delivery has arrived yet.',
  DeliveriesMissing: 'The listing shows changes for which no delivery arrived.',
  NoWebhookSecret:
    'The Repository names no webhook secret, so no delivery is accepted; what happens is found by a listing, minutes later.',
  DeliveriesArrive: 'Deliveries of the forge arrive.',

  // Tasks
  Delivered: 'The change was pushed and its pull request is open.',
  VerdictGiven: 'The review was submitted.',
  VerdictDropped: 'The review was not submitted, because the head had moved.',
  ConflictLeft: 'The change still holds the marks of a merge conflict.',
  BadRigfile: 'The .rig-agent.yaml of the base commit is not valid.',
  PushRefused: 'The git gateway refused the push.',
  CommitMissing: 'A commit that the task needs is not in the repository.',
  SandboxFailed: 'What runs the commands of the task did not answer, or not as it must.',
  BundleRefused: 'What the sandbox offered to be pushed was not taken.',
  CommitRefused: 'A commit of the change is not one that the task may deliver.',
  GitFailed: 'A git command of the agent runtime failed.',
  ModelRefused: 'The model provider refused the request.',
  NoModel: 'The Agent names no model for this use.',
  ProviderUnsupported: 'The agent runtime does not speak this provider.',
  TurnsExhausted: 'The task used all the turns it may take.',
  TokensExhausted: 'The task used all the tokens it may spend.',
  ConductorUnavailable: 'The conductor did not answer the task for too long.',
  ConductorRefused: 'The conductor refused a call of the task.',
  InternalError: 'The agent runtime failed; the message has the cause.',
  TaskLost: 'The task ended, or went silent, without a reported outcome.',
  TaskFailed: 'The agent reported that it could not do the task.',
  TaskStuck: 'The agent went in circles and was stopped.',
  TaskCancelled: 'The task was ended because its claim ended.',
  DeadlineExceeded: 'The task ran until its deadline.',
  StartDeadlineExceeded: 'The task did not start in time.',
  HeartbeatMissed: 'The task did not report for too long.',
  InfrastructureLost: 'The pod or its node was lost; this does not count as an attempt.',
  NameTaken: 'Another object already has the name that this one needs.',
  BeingDeleted: 'An object of this name is on its way out; it is made again when that is gone.',
  JobMissing: 'The Job of the task was deleted by somebody else.',
  DeadFence: 'The claim that the call names is no longer live.',
  OtherRefPushed: 'The task tried to push another ref than its own branch.',
  TestsFailed: 'The tests still fail after the task was done.',
  NoTests: 'The repository names no test command, so nothing can be proved.',
  NothingChanged: 'The task ended without a change.',
  ReplayDry: 'The replay has no further answer for this request.',
  ModelUnavailable: 'The model provider does not answer.',
  AskedForPerson: 'The agent asked for a person.',
  AttemptsExhausted: 'All attempts were used up.',
  ReviewLoopExceeded: 'Review and rework went round more often than allowed.',
  BudgetExhausted: 'A cap on cost, turns or time was reached.',
  Retrying: 'The next attempt starts after a pause.',

  // Egress
  HostNotListed: 'The host is not in spec.egress of the Repository.',
  PortNotListed: 'The host is in spec.egress of the Repository, but not with this port.',
  PlainNotListed: 'The host is in spec.egress of the Repository, but not for plain HTTP.',
  AddressRefused: 'The host resolves to an address inside the network, which no task may reach.',
  ConnectionsExhausted: 'The task holds as many connections as it may.',
  TransferExhausted: 'The task has moved as many bytes as it may.',

  // Steps of the conductor
  Unfiled: 'The issue was seen and is not in the log yet.',
  Unnumbered: 'The issue has no number yet and is being filed at the forge.',
  Unclassified: 'The blast radius of the issue is being graded.',
  Superseded: 'A later attempt replaced it.',
  HumanNeeded: 'The issue was handed to a person.',
  ReviewDebounced: 'The review starts when the head has been quiet for a while.',
  ReviewFailed: 'The review task failed more often than allowed.',

  // After the merge
  DeployUnsupported: 'This conductor does not deploy the way the Repository asks for.',
  DeployPending: 'The deployer has not said yet that a revision with the change in it is live.',
  Deployed: 'A revision with the change in it is live.',
  DeployFailed: 'The deployment of the change failed.',
  CanaryAborted: 'The canary of the change was given up, and traffic went back to what was there before.',
  DeployTimedOut: 'No deployment of the change was told of in time.',
  DeployUrlMissing: 'Nothing says where the deployed change is reached, so it cannot be checked.',
  RolledBack: 'What is live no longer has the change in it.',
  Verifying: 'A command of spec.verify runs against the deployed change.',
  CheckFailed: 'A command of spec.verify failed against the deployed change.',

  // Merge gate: target and provenance
  NoPullRequest: 'There is no pull request yet.',
  PullRequestClosed: 'The pull request was closed without being merged.',
  Draft: 'The pull request is a draft.',
  ForkHead: 'The head of the pull request is in another repository.',
  WrongBase: 'The pull request is not based on the default branch.',
  WrongHeadRef: 'The head of the pull request is not the branch of the latest work claim.',
  HeadNotForwarded:
    'The head commit came neither through the git gateway under a live claim nor from a person with write permission.',

  // Merge gate: linked
  ClosingReferenceMissing: 'The pull request does not say that it closes this issue.',
  ClosingReferenceForeign: 'The pull request or one of its commits closes something else as well.',
  SkipMarker: 'The title or a commit carries a marker that skips CI.',

  // Merge gate: ci
  ChecksMissing: 'A required check has not been registered on the head commit.',
  ChecksPending: 'A required check has not concluded.',
  ChecksFailed: 'A required check did not succeed.',
  ChecksShared: 'The checks of the head may be those of another pull request, which goes to another branch.',

  // Merge gate: review and threads
  ReviewMissing: 'Nobody who may has approved the head commit.',
  ReviewStale: 'The approval is for another commit than the head.',
  ReviewByAuthor: 'The only approval is by somebody who wrote the change.',
  ChangesRequested: 'A reviewer or a person asks for changes.',
  ThreadsOpen: 'A review thread is not resolved.',

  // Merge gate: labels, mergeable, freshness
  Blocked: 'The pull request carries a label that blocks merging.',
  Conflict: 'The branch conflicts with its base.',
  MergeabilityPending: 'The forge is still computing whether the change merges.',
  NotMergeable: 'The forge says that the pull request cannot be merged now.',
  BaseBehind: 'The branch does not contain the tip of its base.',
  StaleGeneration: 'The issue changed after the pull request was reviewed.',
  BaseBusy: 'Another change of the repository is being merged at this moment.',
  MergeQueued: "The pull request is in the forge's merge queue.",
  MergeQueueRequired: 'The forge merges into the base by its merge queue only.',
  GateEnforced: 'The ruleset of the forge holds what the Repository asks.',
  EnforcementWaived: 'The Repository says why its forge holds merges to nothing.',
  ApprovalCheckMissing: 'The verifier has not reported on the head commit.',
  ApprovalCheckPending: 'The verifier cannot tell yet whether the head commit may be merged.',
  ApprovalCheckRefused: 'The verifier does not let the head commit be merged; its check says why and what helps.',
  GateNotEnforced: "The forge's ruleset does not hold what the Repository asks.",
  SloMissing: 'The tier of the change asks of production what the Repository gives no way to answer.',
  SloUnknown: 'A query about production has no single number for an answer, which is never success.',
  SloBreached: 'A service level does not keep its bounds.',
  ErrorBudgetDepleted: 'No error budget is left, or less than the Repository asks for.',
  ErrorBudgetBurning: 'The error budget is used up faster than its window allows.',
  AttestorMissing: 'Fewer listed people or machines have vouched for the change than its tier asks for.',
  HeadMoved: 'The head of the pull request moved between the decision and the merge.',
  MergeRefused: 'The forge refused to merge.',

  // Facts and history
  FactUnknown: 'A fact the decision needs could not be read.',
  FactStale: 'A fact the decision needs was read too long ago.',
  NewerEvent: 'The history of this object was written by a newer release; upgrade the operator.',
  DatabaseBehind: 'The database is older than what this operator has already done; run rig recover.',
  DatabaseRestored: 'The database was restored from a backup; what ran before was ended.',
  DatabaseUnreachable: 'The database does not answer.',

  // Ends
  CancelledByCommand: 'A person cancelled the issue with /rig cancel; /rig retry takes it up again.',
  CancelledByPerson: 'A person closed or deleted the issue.',
  Reopened: 'The issue was reopened.',
} as const;

/** A reason of the registry. */
export type Reason = keyof typeof reasons;

/** The reason itself, checked by the compiler: the only way a reason is written in code. */
export function reason<Name extends Reason>(name: Name): Name {
  return name;
}

/** Whether a word read from outside is a reason of the registry. */
export function isReason(word: string): word is Reason {
  return Object.hasOwn(reasons, word);
}
