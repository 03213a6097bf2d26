import { reason } from '#crds';
import { Effects } from '#lib/events';
import type { KubeObject } from '#lib/kube';
import type { Logger, Metrics } from '#lib/observe';
import type { Standing } from '../audit/mark.ts';
import type { Conductor } from '../issues/context.ts';
import { repositoryURL } from '../repositories/name.ts';
import type { IssueLog } from '../store/log.ts';
import { channelOf } from './channel.ts';
import { Escalations, WINDOW_MS } from './escalations.ts';
import { SinksFile } from './file.ts';

/** What of a conductor stands before its escalations do. */
interface Base {
  readonly log: IssueLog;
  readonly leader: Conductor['leader'];
  readonly mark: Standing;
  readonly metrics: Metrics;
  readonly logger: Logger;
}

/** Escalations to the sinks of a file, for issues as the conductor's caches and Repositories show them. */
export function openEscalations(base: Base, file: string | undefined, conductor: () => Conductor): Escalations {
  const now = () => conductor().now();
  return new Escalations({
    ...base,
    now,
    effects: new Effects({ db: base.log.pool, windowMs: WINDOW_MS }),
    sinks: new SinksFile(file, base.logger, now),
    channel: (sink) => channelOf(sink, { now }),
    urlOf: ({ namespace }, { spec }) => {
      const repository = spec === null ? undefined : conductor().objects.repositories.get(namespace, spec.repository);
      return spec?.number == null || repository === undefined
        ? null
        : `${repositoryURL(repository)}/issues/${spec.number}`;
    },
    onUntold: ({ namespace, name }, why) => {
      const { objects, recorder } = conductor();
      const issue = objects.issues.get(namespace, name);
      const message = `Somebody who is to be told that it waits for a person is not: ${why}`;
      if (issue !== undefined)
        recorder.record(issue as KubeObject, { type: 'Warning', reason: reason('PersonNotTold'), message });
    },
  });
}
