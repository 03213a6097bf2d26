import { threadHandles } from '../prompt/index.ts';
import { type Ending, type Review, reviewTools, Toolbox, toSend } from '../tools/index.ts';
import { converse } from './converse.ts';
import { repositoryFacts, workplaceOf } from './facts.ts';
import type { Outcome } from './outcome.ts';
import type { Running } from './run.ts';

/**
 * Reviews the pull request's head, in a sandbox that is never asked to run anything; what was noted goes out with the verdict, all at once or not at
 * all. T3 work is declined.
 */
export async function runReview(running: Running): Promise<Outcome> {
  const { deps, session, assignment } = running;
  if (assignment.issue.tier === 'T3') return decline(running);
  const { origin, sandbox } = await workplaceOf(assignment, deps.settings, session);
  const facts = await repositoryFacts(assignment, origin, session.calls);
  const review: Review = { comments: [], reopened: new Map() };
  const tools = reviewTools({ sandbox, threads: threadHandles(assignment.threads), review });
  const ending = await converse(running, {
    facts,
    diff: await origin.diff(),
    conflicts: undefined,
    toolbox: new Toolbox(tools, facts.rigfile.tools),
    contentDigest: async () => origin.startSHA,
    judge: async () => ({ accepted: true }),
  });
  return ending.kind === 'verdict' ? submit(running, ending, review) : (ending as Outcome);
}

/**
 * What cannot be undone is for people to approve: says so on the pull request, reads nothing and asks no model, so that nothing in the change can talk it
 * into another answer.
 */
async function decline({ session, assignment }: Running): Promise<Outcome> {
  const head = assignment.pullRequest?.headSHA.slice(0, 8) ?? 'the change';
  const message = `I do not review ${head}: it is graded T3, which a person approves and no agent does.`;
  const help = `\`rig approve ${assignment.issue.name} --scope merge\` shows what would be merged, and signs it in your name.`;
  await session.calls.comment({ key: 'declined', target: 'pull-request', body: `${message}\n\n${help}` });
  return { kind: 'succeeded', reason: 'IrreversibleTier', message };
}

async function submit(
  { session }: Running,
  ending: Extract<Ending, { kind: 'verdict' }>,
  review: Review,
): Promise<Outcome> {
  const { verdict, body } = ending;
  const reopen = toSend(review.reopened);
  if (reopen.length > 0) await session.calls.threads({ resolve: [], reopen });
  const { submitted, reason } = await session.calls.verdict({ verdict, body, comments: review.comments });
  if (submitted) return { kind: 'succeeded', reason: 'VerdictGiven', message: `Verdict: ${verdict}.` };
  return {
    kind: 'succeeded',
    reason: 'VerdictDropped',
    message: `The verdict was not taken: ${reason ?? 'no reason given'}.`,
  };
}
