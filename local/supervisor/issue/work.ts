import type { Issue } from '#crds';
import type { ReaderOptions } from '#lib/conductor';
import { ExitCode } from '#lib/terminal';
import type { Context } from '../context.ts';
import { READER_TOKEN } from '../programs/operator.ts';
import { secretOf } from '../secrets.ts';
import { repositoryName, TENANT } from '../tenant/objects.ts';
import type { Rig } from '../up.ts';
import { fileSample, ISSUES, SAMPLE_ISSUE } from './file.ts';
import { firstJob, readLog, showTimeline, untilSettled } from './follow.ts';
import { grantSample } from './grant.ts';
import { type Outcome, outcomeOf } from './outcome.ts';

/**
 * Has the sample issue worked and shows how; resolves to the exit code when it is settled: 0 for Done, 1 with the reason
 * otherwise. Rejects when the rig goes down before that.
 */
export async function workSample(context: Context, rig: Rig, upSeconds: number): Promise<ExitCode> {
  const { terminal, options, signal } = context;
  const { client } = rig.cluster;
  const reader = readerOf(context, rig);
  const timeline = await showTimeline(context, reader);
  if ((await client.find(ISSUES, { namespace: TENANT, name: SAMPLE_ISSUE })) === undefined)
    await grantSample(context, client, TENANT);
  const job = firstJob(client, 'sample', signal);
  const sample = await fileSample(client, repositoryName(rig.source));
  if (!sample.isNew) terminal.say(`The sample issue is there from an earlier start; "rig reset" starts over.`);
  const issue = await untilSettled(client, sample.name, signal);
  const jobAt = job.at();
  const outcome = outcomeOf(issue, await readLog(reader, sample.name), {
    setup: options.setupSeconds,
    up: upSeconds,
    filedToJob: sample.isNew && jobAt !== null ? (jobAt - sample.acceptedAt) / 1000 : null,
  });
  await timeline.showsAllOf(sample.name);
  const done = outcome.issue.phase === 'Done';
  terminal.say(sentenceOf(outcome, issue, context));
  if (options.once) terminal.result(outcome, '');
  return done ? ExitCode.Ok : ExitCode.NotDone;
}

export function readerOf(context: Context, rig: Rig): ReaderOptions {
  return { url: rig.conductorURL, token: secretOf(context.layout, READER_TOKEN), namespace: TENANT };
}

function sentenceOf(outcome: Outcome, issue: Issue, { terminal }: Context): string {
  const { green, yellow } = terminal.colours;
  const { name, phase } = outcome.issue;
  const where = outcome.pullRequest ? ` ${outcome.pullRequest.url}` : '';
  if (phase !== 'Done')
    return yellow(`Issue ${name} is ${phase}: ${issue.status?.why ?? 'no reason is given'}.${where}`);
  const took =
    outcome.seconds.filedToMerged === null ? '' : `, merged ${outcome.seconds.filedToMerged} s after it was filed`;
  return green(`Issue ${name} is Done after ${outcome.reviewRounds} review rounds${took}.${where}`);
}
