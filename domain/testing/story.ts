import type { ApprovalScope } from '../approval/document.ts';
import { standingApprovals } from '../approval/known.ts';
import type { AgentRef, DomainEvent, EventData, EventType, IssueSpec, Lane, StoredEvent } from '../events/catalogue.ts';
import { known, type PullRequestFacts } from '../facts.ts';
import type { Action } from '../issue/action.ts';
import { type Command, type CommandDecision, decideCommand } from '../issue/command.ts';
import { consentFor } from '../issue/consent.ts';
import {
  type Assignment,
  decideAction,
  decideAssignment,
  decideDispatch,
  decideFiled,
  decideMergeRequest,
  decideWish,
  nextAttempt,
  nextRound,
} from '../issue/decide.ts';
import { replay } from '../issue/evolve.ts';
import { consentsToClaim } from '../issue/ground.ts';
import { nextAction } from '../issue/next.ts';
import { observe } from '../issue/observe.ts';
import { firstTask } from '../issue/plan.ts';
import { type Decision, decideReport, type Report } from '../issue/report.ts';
import { type IssueState, type LiveTask, liveTasks } from '../issue/state.ts';
import { consentsToMerge } from '../issue/tier-row.ts';
import { type AgentFacts, defaultPolicy, type Policy, type TaskFacts, type World } from '../issue/world.ts';
import { sha256 } from './approval.ts';
import {
  ada,
  check,
  conductor,
  HEAD,
  ISSUE,
  NOON,
  PULL,
  pullRequest,
  REPOSITORY,
  review,
  reviewE,
  sha,
} from './facts.ts';
import { changeGrade, quietWorld, spec } from './world.ts';

const tokens = { input: 10, output: 5, cacheRead: 0, cacheWrite: 0 };
const MINUTE = 60_000;

/**
 * The life of one issue as its log and the world tell it. Everything in it is made by the rules themselves: states by replaying what was
 * decided, effects as the conductor would perform them.
 */
export class Story {
  readonly events: StoredEvent[] = [];
  readonly actions: Action[] = [];
  now = NOON;
  world: World = quietWorld();
  policy: Policy = { ...defaultPolicy, reviewDebounce: 0 };
  /** Tasks of other issues that an agent runs, by the agent's name. */
  busy: Readonly<Record<string, number>> = {};
  /** What the forge does when it is asked to merge. */
  forge: 'merges' | 'refuses' = 'merges';
  #fences = 0;

  get state(): IssueState {
    return replay(this.events);
  }

  /** Types of what the log holds, from the event at `from` on. */
  types(from = 0): EventType[] {
    return this.events.slice(from).map((event) => event.type);
  }

  append(events: readonly DomainEvent[]): readonly DomainEvent[] {
    for (const event of events) this.events.push({ ...event, version: this.events.length + 1, at: this.now });
    return events;
  }

  /** The Issue object is seen with this wish. */
  wish(over: Partial<IssueSpec> = {}, generation = 1, uid = 'uid-1'): readonly DomainEvent[] {
    return this.append(decideWish(this.state, { uid, generation, spec: spec(over) }));
  }

  /** A person with write permission gives a command. */
  command(command: Command, comment: number | null = null): CommandDecision {
    const decision = decideCommand(this.state, { command, by: ada, comment });
    if (decision.accepted) this.append(decision.events);
    return decision;
  }

  /** A listed person's signature over a step is found to hold, for a day. */
  approve(scope: ApprovalScope, over: Partial<EventData<'APPROVAL_VERIFIED'>> = {}): this {
    const at = (ms: number) => new Date(this.now + ms).toISOString();
    const uid = `approval-${this.events.length}`;
    const data = {
      approval: uid,
      uid,
      scope,
      digest: 'd'.repeat(64),
      signature: sha256(uid),
      headSHA: scope === 'merge' ? (this.state.pullRequest?.headSHA ?? null) : null,
      subject: 'ada@example.com',
      issuer: 'https://accounts.example.com',
      signedAt: at(0),
      expiresAt: at(24 * 60 * MINUTE),
      ...over,
    };
    this.append([{ type: 'APPROVAL_VERIFIED', data }]);
    return this;
  }

  /** Takes back every signature that holds. */
  revoke(): this {
    const data = { reason: 'ApprovalDeleted', message: 'It was deleted.' };
    this.append(
      standingApprovals(this.state.approvals).map(({ name, uid }) => ({
        type: 'APPROVAL_REVOKED',
        data: { approval: name, uid, ...data },
      })),
    );
    return this;
  }

  see(change: Partial<World>): this {
    this.world = { ...this.world, ...change };
    return this;
  }

  later(ms: number): this {
    this.now += ms;
    return this;
  }

  /** What the forge shows of the pull request now. */
  pull(change: Partial<PullRequestFacts> = {}): this {
    const before = this.world.pullRequest.known
      ? this.world.pullRequest.value
      : pullRequest({ reviews: [], checks: [], threads: [] });
    return this.see({ pullRequest: known({ ...before, ...change }, this.now), pullRequestReadAt: this.now });
  }

  get shown(): PullRequestFacts {
    if (!this.world.pullRequest.known) throw new Error('the forge shows no pull request');
    return this.world.pullRequest.value;
  }

  /** Writes down what the world shows, then asks for the next action. */
  next(): Action {
    this.append(observe(this.state, this.snapshot(), this.policy, this.now));
    return nextAction(this.state, this.snapshot(), this.policy, this.now);
  }

  /** Takes and performs actions until there is nothing to do but wait. */
  run(): Action {
    for (let steps = 0; steps < 40; steps += 1) {
      const action = this.next();
      this.actions.push(action);
      if (!this.#perform(action)) return action;
    }
    throw new Error(
      `the rules never rest: ${this.actions
        .slice(-6)
        .map((action) => `${action.do} ${action.reason}`)
        .join(', ')}`,
    );
  }

  /** What a live task says; by default the one in the lane of work. */
  report(report: Report, lane: Lane = 'work', fence?: string): Decision {
    const task = this.live(lane);
    const decision = decideReport(this.state, { task: task.name, fence: fence ?? task.fence }, report);
    if (decision.accepted) this.append(decision.events);
    return decision;
  }

  live(lane: Lane): LiveTask {
    const task = this.state.task[lane];
    if (task === null) throw new Error(`no live task in the lane ${lane}`);
    return task;
  }

  finish(lane: Lane = 'work', over: Partial<Extract<Report, { type: 'finished' }>> = {}): Decision {
    return this.report(
      { type: 'finished', result: 'succeeded', reason: 'Succeeded', message: 'Done.', tokens, ...over },
      lane,
    );
  }

  /** What the cluster says of a live task. */
  task(change: Partial<TaskFacts>, lane: Lane = 'work'): this {
    const { name } = this.live(lane);
    const facts = { ...this.snapshot().tasks.get(name)!, ...change };
    return this.see({ tasks: new Map([...this.world.tasks, [name, facts]]) });
  }

  /** The agent pushes a head through the gateway. */
  push(headSHA: string): this {
    const { branch } = this.state.work!;
    const from = this.state.forwarded.findLast((head) => head.branch === branch)?.sha ?? null;
    this.report({ type: 'headForwarded', branch, from, to: headSHA, base: sha('c') });
    return this;
  }

  /** The agent pushes a head and opens the pull request of its branch, which the forge shows at once. */
  deliver(headSHA = HEAD, number = PULL): this {
    const { branch } = this.state.work!;
    this.push(headSHA);
    const shown = pullRequest({
      number,
      head: { sha: headSHA, ref: branch, repositoryId: REPOSITORY },
      reviews: [],
      checks: [],
      threads: [],
    });
    this.report({ type: 'pullRequestOpened', number, url: shown.url, headSHA, branch });
    return this.pull(shown);
  }

  /** The required check concludes on the head that the forge shows. */
  ci(conclusion: 'success' | 'failure' = 'success'): this {
    const { checks, head } = this.shown;
    return this.pull({
      checks: [...checks, check({ id: checks.length + 1, headSHA: head.sha, branch: head.ref, conclusion })],
    });
  }

  /** The live review task submits its verdict and ends. */
  verdict(passed: boolean): this {
    const headSHA = this.live('review').headSHA!;
    const { reviews } = this.shown;
    const id = 50 + reviews.length;
    this.report({ type: 'reviewed', passed, headSHA, by: reviewE, review: id, threads: passed ? 0 : 1 }, 'review');
    const submittedAt = new Date(this.now).toISOString();
    this.pull({
      reviews: [
        ...reviews,
        review({ id, commitSHA: headSHA, state: passed ? 'approved' : 'changes_requested', submittedAt }),
      ],
    });
    this.finish('review', { reason: 'VerdictGiven' });
    return this;
  }

  /** The world with the agents' load and the tasks of this issue in it. */
  snapshot(): World {
    const live = liveTasks(this.state);
    const load = (agent: AgentFacts) =>
      live.filter((task) => task.agent.uid === agent.uid).length + (this.busy[agent.name] ?? agent.running);
    const told = live.map((task): [string, TaskFacts] => [
      task.name,
      this.world.tasks.get(task.name) ?? {
        object: 'present',
        jobEnded: null,
        started: task.started,
        seenAt: this.now,
        deadline: task.dispatchedAt + 60 * MINUTE,
      },
    ]);
    const agents = this.world.agents.map((agent) => ({ ...agent, running: load(agent) }));
    return { ...this.world, agents, tasks: new Map(told) };
  }

  #perform(action: Action): boolean {
    const { state } = this;
    const decided = decideAction(state, action);
    if (decided !== null) {
      this.append(decided);
      return true;
    }
    switch (action.do) {
      case 'fileForgeIssue':
        this.append(decideFiled(state, ISSUE));
        return true;
      case 'enqueue':
        return this.#claim(state, action);
      case 'prepare': {
        this.append(decideAssignment(this.#assignment(action.agent, 'prepare'), action.message, { kind: 'prepare' }));
        return true;
      }
      case 'dispatch': {
        const round = nextRound(state, action.kind);
        const task = `fix-parser-${action.kind}-${state.lastWork!.attempt}-${round}`;
        const claim = action.kind === 'rework' ? state.work!.id : `review-${this.events.length}`;
        this.append(decideDispatch(state, { ...action, claim, fence: this.#fence(), task, why: action.message }));
        return true;
      }
      case 'merge':
        this.#merge(action);
        return true;
      case 'readPullRequest':
        this.pull();
        return true;
      case 'closeStalePullRequest':
        this.append([{ type: 'PR_CLOSED', data: { number: action.number, stale: true, by: null } }]);
        return true;
      default:
        return false;
    }
  }

  #claim(state: IssueState, action: Extract<Action, { do: 'enqueue' }>): boolean {
    const free = this.snapshot().agents.find(
      (agent) => action.candidates.some((one) => one.uid === agent.uid) && agent.running < agent.concurrency,
    );
    if (free === undefined) return false;
    const { terms } = this.snapshot();
    const consents = consentsToClaim(state, free, terms)?.map((scope) => consentFor(state, scope, this.now));
    if (!consents?.every((one) => one !== null)) throw new Error('the claim may not be made');
    const kind = firstTask(state, terms);
    this.append(decideAssignment(this.#assignment(free, kind), action.message, { kind, consents }));
    return true;
  }

  #assignment({ name, uid }: AgentRef, kind: 'implement' | 'prepare' | 'plan'): Assignment {
    const attempt = nextAttempt(this.state);
    return {
      claim: `work-${attempt}`,
      agent: { name, uid },
      attempt,
      fence: this.#fence(),
      branch: `rig/fix-parser/${attempt}`,
      task: `fix-parser-${kind}-${attempt}-1`,
    };
  }

  #merge(action: Extract<Action, { do: 'merge' }>): void {
    const { headSHA } = action;
    const consents = consentsToMerge(this.state, this.snapshot(), this.now);
    if (consents === null) throw new Error('the merge may not be asked for');
    this.append(decideMergeRequest(action, consents));
    if (this.forge === 'merges') {
      this.pull({
        state: 'merged',
        mergeSHA: sha('e'),
        mergedAt: new Date(this.now).toISOString(),
        mergedBy: conductor,
      });
      return;
    }
    this.append([
      {
        type: 'MERGE_GATE_WAITING',
        data: { gate: 'mergeable', headSHA, reason: 'MergeRefused', message: 'The forge refused.' },
      },
    ]);
  }

  #fence(): string {
    this.#fences += 1;
    return `1.${this.#fences}`;
  }
}

/** A story at the moment when the implement task runs. */
export function implementing(over: Partial<IssueSpec> = {}): Story {
  const story = new Story();
  story.wish(over);
  story.run();
  return story;
}

/** A story whose pull request is open and whose review task runs; the implement task has ended. */
export function inReview(): Story {
  const story = implementing().deliver().ci();
  story.finish();
  story.run();
  return story;
}

/** A story whose change turned out to be graded T3: its pull request is open and ready, and a person is waited for. */
export function irreversible(): Story {
  const story = inReview();
  const change = changeGrade(story.state, {
    tier: 'T3',
    rule: 'auth',
    path: 'src/auth.ts',
    reason: 'Rule auth gives src/auth.ts tier T3.',
  });
  story.see({ change: known(change, story.now) });
  story.run();
  return story;
}
