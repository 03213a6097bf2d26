import type { DomainEvent, EventData } from '../events/catalogue.ts';
import { clip } from '../events/parts.ts';
import { type Action, awaitHuman, wait } from './action.ts';
import type { Change, IssueState } from './state.ts';
import type { ChildFacts, World } from './world.ts';

/** How many children a sentence names; the rest are counted. */
const NAMED = 8;

/** The children that the world shows and the log does not: from then on the issue finishes with them. */
export function observeChildren(state: IssueState, world: World): DomainEvent[] {
  if (state.merged !== null) return [];
  const children = world.children.map(({ name }) => name).sort();
  const known = children.length === state.children.length && children.every((name, at) => name === state.children[at]);
  return known ? [] : [{ type: 'EPIC_PLANNED', data: { children } }];
}

/** A change of the issue's own is of the past once it has children. */
export function planned(state: IssueState, { children }: EventData<'EPIC_PLANNED'>): Change {
  const { pullRequest, stalePullRequests } = state;
  if (children.length === 0 || pullRequest === null) return { children };
  const stale = pullRequest.open ? [...stalePullRequests, pullRequest.number] : stalePullRequests;
  return { children, pullRequest: null, stalePullRequests: stale };
}

/** What an issue with children does, whose own work has ended: nothing itself. Null for one without. */
export function finishWithChildren(state: IssueState, world: World): Action | null {
  if (state.children.length === 0) return null;
  const stale = state.stalePullRequests[0];
  if (stale !== undefined) {
    const message = `Pull request #${stale} is of the time before the issue had children.`;
    return { do: 'closeStalePullRequest', number: stale, reason: 'Superseded', message };
  }
  return standing(world.children);
}

function standing(children: readonly ChildFacts[]): Action {
  const lost = children.filter(isHopeless);
  if (lost.length > 0)
    return awaitHuman(
      'ChildFailed',
      clip(
        `The issue finishes with its children, but ${named(lost)}. Put that right, or say /rig retry to go on without what was deleted.`,
      ),
    );
  const open = children.filter(({ standing }) => standing === 'open');
  const count = children.length;
  if (open.length === 0)
    return {
      do: 'finish',
      reason: 'ChildrenDone',
      message: count === 1 ? 'Its child is Done.' : `All ${count} children are Done.`,
    };
  return wait(
    'ChildrenOpen',
    clip(`${count - open.length} of ${count} children are Done; it waits for ${named(open)}.`),
  );
}

/** Whether time alone will not bring a child to Done. */
export function isHopeless({ standing }: ChildFacts): boolean {
  return standing !== 'done' && standing !== 'open';
}

const WORDS = {
  done: 'is Done',
  open: 'is open',
  failed: 'has failed',
  cancelled: 'was cancelled',
  deleted: 'was deleted',
  circular: 'waits for this issue in turn',
} as const satisfies Record<ChildFacts['standing'], string>;

function named(children: readonly ChildFacts[]): string {
  const said = children
    .slice(0, NAMED)
    .map(({ name, standing, phase }) => (standing === 'open' ? `${name} (${phase})` : `${name} ${WORDS[standing]}`));
  const more = children.length - said.length;
  return [...said, ...(more > 0 ? [`${more} more`] : [])].join(', ');
}
