import type { DeployPolicy, StageFacts } from '../deploy/world.ts';
import { known } from '../facts.ts';
import type { Action } from '../issue/action.ts';
import { NOON, sha } from './facts.ts';
import { inReview, type Story } from './story.ts';
import { noDeploy, repositoryPolicy } from './world.ts';

/** The commit that the forge makes of the change in these stories. */
export const MERGE = sha('e');
export const URL = 'https://shop.example.org/';
export const deployments: DeployPolicy = { ...noDeploy, kind: 'deployments' };

export function stage(over: Partial<StageFacts> = {}): StageFacts {
  return { environment: 'production', live: null, failed: null, says: 'No deployment has been told of yet.', ...over };
}

/** A live revision; by default the merge itself. */
export function live(over: Partial<NonNullable<StageFacts['live']>> = {}): NonNullable<StageFacts['live']> {
  return { revision: MERGE, contains: true, url: URL, deployment: 'deployment 1', ...over };
}

/** A story whose change is merged, in a Repository that wants it delivered like this. */
export function merged(over: Partial<DeployPolicy> = {}): Story {
  const story = inReview().see({
    repository: known(repositoryPolicy({ deploy: { ...deployments, ...over } }), NOON),
  });
  story.later(1_000).verdict(true);
  story.run();
  if (story.state.merged === null) throw new Error('the change was not merged');
  return story;
}

/** The deployer shows this from now on. */
export function shows(story: Story, production: Partial<StageFacts>, staging: StageFacts | null = null): Story {
  return story.see({ delivery: known({ staging, production: stage(production) }, story.now) });
}

/** The Job that the rules ask for runs, and ends like this. */
export function runs(story: Story, how: 'passes' | 'fails' | 'is lost' | 'goes on'): Extract<Action, { do: 'verify' }> {
  const action = story.next();
  if (action.do !== 'verify') throw new Error(`no command is to be run, but ${action.do} ${action.reason}`);
  const ended = { passed: how === 'passes', infrastructure: how === 'is lost', message: `it ${how}.` };
  story.see({
    checks: new Map([...story.world.checks, [action.job, { ended: how === 'goes on' ? null : ended, problem: null }]]),
  });
  return action;
}
