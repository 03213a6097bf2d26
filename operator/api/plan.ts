import { createHash } from 'node:crypto';
import type { PlanRequest, PlanResponse } from '#lib/conductor';
import { HttpError } from '#lib/http';
import type { Conductor } from '../issues/context.ts';
import type { TaskCall } from './caller.ts';
import { record, targetOf } from './deliver.ts';

/**
 * POST …/plan: posts the plan on the issue under the Agent's name, once for the task and text, and puts it into the log with its digest, which is what a
 * person approves. What the forge shows of it later decides nothing.
 */
export async function proposePlan(conductor: Conductor, call: TaskCall, request: PlanRequest): Promise<PlanResponse> {
  if (call.task.kind !== 'plan')
    throw new HttpError('Forbidden', 'NotThisTask', `A ${call.task.kind} task may not do this.`);
  const text = request.text.replaceAll('\r\n', '\n').toWellFormed();
  const digest = `sha256:${createHash('sha256').update(text, 'utf8').digest('hex')}`;
  const target = await targetOf(conductor, call);
  const shown = `${text}\n\nDigest of this plan: \`${digest}\`. A person approves it with \`rig approve ${call.subject.name} --scope interface\`.`;
  const key = `${call.identity.uid}/plan/${digest.slice(-16)}`;
  const { url } = await conductor.writes.comment(target, call.state.spec!.number!, key, shown);
  await record(conductor, call, { type: 'planProposed', digest, text, url });
  return { url, digest };
}
