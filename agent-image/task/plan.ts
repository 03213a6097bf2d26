import { planTools, Toolbox } from '../tools/index.ts';
import { converse } from './converse.ts';
import { repositoryFacts, workplaceOf } from './facts.ts';
import type { Outcome } from './outcome.ts';
import type { Running } from './run.ts';

/** Reads the repository and says how the work would be done; changes and runs nothing. */
export async function runPlan(running: Running): Promise<Outcome> {
  const { deps, session, assignment } = running;
  const { origin, sandbox } = await workplaceOf(assignment, deps.settings, session);
  const facts = await repositoryFacts(assignment, origin, session.calls);
  const ending = await converse(running, {
    facts,
    diff: await origin.diff(),
    conflicts: undefined,
    toolbox: new Toolbox(planTools(sandbox), facts.rigfile.tools),
    contentDigest: async () => origin.startSHA,
    judge: async () => ({ accepted: true }),
  });
  if (ending.kind !== 'plan') return ending as Outcome;
  const { url } = await session.calls.plan({ text: ending.text });
  return { kind: 'succeeded', reason: 'PlanProposed', message: `The plan is at ${url}.` };
}
