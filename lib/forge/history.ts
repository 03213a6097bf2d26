import type { Client } from './client.ts';
import type { ActivityFacts, IssueEventFacts } from './facts.ts';
import { list, PAGE } from './listing.ts';
import { checkRepository } from './names.ts';
import type { ActivityOptions, HistoryOptions, Listing, RepositoryName } from './port.ts';
import {
  commitSHAOrNull,
  integer,
  integerOrNull,
  line,
  lineOrNull,
  objectOrNull,
  requiredMoment,
  type Untrusted,
} from './read.ts';
import { actorOf } from './rest.ts';

const NO_COMMIT = /^0+$/;

/** See `Forge.listIssueEvents`. */
export function listIssueEvents(
  client: Client,
  repo: RepositoryName,
  options: HistoryOptions,
): Promise<Listing<IssueEventFacts>> {
  const where = { ...checkRepository(repo), per_page: PAGE };
  return list(
    client,
    (octokit, headers) => octokit.paginate.iterator(octokit.rest.issues.listEventsForRepo, { ...where, headers }),
    options,
    issueEventOf,
    isKnown(options, 'created_at'),
  );
}

/** See `Forge.listActivity`. */
export function listActivity(
  client: Client,
  repo: RepositoryName,
  options: ActivityOptions,
): Promise<Listing<ActivityFacts>> {
  const of = options.ref === undefined ? {} : { ref: options.ref };
  const where = { ...checkRepository(repo), ...of, direction: 'desc', per_page: PAGE } as const;
  return list(
    client,
    (octokit, headers) => octokit.paginate.iterator(octokit.rest.repos.listActivities, { ...where, headers }),
    options,
    activityOf,
    isKnown(options, 'timestamp'),
  );
}

function isKnown({ after, since }: HistoryOptions, at: string): (item: Untrusted) => boolean {
  const oldest = since === undefined ? Number.NEGATIVE_INFINITY : Date.parse(since);
  return (item) => (integerOrNull(item.id) ?? Infinity) <= (after ?? 0) || Date.parse(String(item[at])) < oldest;
}

/** Null where the issue is gone since. */
function issueEventOf(event: Untrusted): IssueEventFacts | null {
  const number = integerOrNull(objectOrNull(event.issue)?.number);
  if (number === null) return null;
  return {
    id: integer(event.id, 'event id'),
    event: line(event.event, 'event', 100),
    actor: actorOf(event.actor),
    number,
    label: lineOrNull(objectOrNull(event.label)?.name),
    title: lineOrNull(objectOrNull(event.rename)?.to),
    createdAt: requiredMoment(event.created_at, 'event time'),
  };
}

function activityOf(activity: Untrusted): ActivityFacts {
  const sha = (value: unknown) => (NO_COMMIT.test(String(value)) ? null : commitSHAOrNull(value));
  return {
    id: integer(activity.id, 'activity id'),
    ref: line(activity.ref, 'ref'),
    before: sha(activity.before),
    after: sha(activity.after),
    actor: actorOf(activity.actor),
    at: requiredMoment(activity.timestamp, 'activity time'),
  };
}
