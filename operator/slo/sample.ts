import { Type } from 'typebox';
import { Check } from 'typebox/value';
import type { Sample, SampleProblem } from '#domain';

/** How far the moment of an answer may lie from the one that was asked about, in ms: more is somebody's copy of an older answer. */
const OLDEST_MS = 60_000;

const Point = Type.Tuple([Type.Number(), Type.String({ maxLength: 64 })]);
const Vector = Type.Object({
  resultType: Type.Literal('vector'),
  result: Type.Array(Type.Object({ value: Type.Optional(Point) })),
});
const Scalar = Type.Object({ resultType: Type.Literal('scalar'), result: Point });
/** What `/api/v1/query` answers (https://prometheus.io/docs/prometheus/latest/querying/api/); `warnings` tells of a part that is missing. */
const Success = Type.Object({
  status: Type.Literal('success'),
  warnings: Type.Optional(Type.Array(Type.Unknown())),
  data: Type.Union([Vector, Scalar]),
});
const Failure = Type.Object({ status: Type.Literal('error'), errorType: Type.String() });

/** A number as Prometheus writes a sample; the words NaN, +Inf and -Inf are none. */
const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d{1,3})?$/i;

export function refused(problem: SampleProblem, message: string): Sample {
  return { known: false, problem, message };
}

/**
 * The one number in the body of an answer to a question about the moment `at` (ms), or why there is none. Total: whatever the body is. Words of the
 * answer never become part of the message, for whoever names a URL would read with it what the conductor alone can reach.
 */
export function readSample(body: string, at: number): Sample {
  const answer = parsed(body);
  if (Check(Failure, answer)) return refused('Refused', 'Prometheus refuses the query; try it in its own page.');
  if (!Check(Success, answer))
    return refused('Unreadable', 'the answer is not that of a Prometheus to an instant query.');
  const { data, warnings = [] } = answer;
  const points = data.resultType === 'scalar' ? [data.result] : data.result.map(({ value }) => value);
  if (points.length === 0) return refused('NoData', 'there is no data.');
  if (points.length > 1) return refused('SeveralSeries', 'it has several series; sum them up to one.');
  if (warnings.length > 0) return refused('Partial', 'Prometheus warns that its answer is not whole.');
  const [point] = points;
  if (point === undefined) return refused('NotANumber', 'it is a histogram and not a number.');
  return numberOf(point, at);
}

function numberOf([seconds, text]: [number, string], at: number): Sample {
  if (!(Math.abs(seconds * 1_000 - at) <= OLDEST_MS))
    return refused('Stale', 'the answer is about another moment than the one that was asked about.');
  const value = NUMBER.test(text) ? Number(text) : Number.NaN;
  return Number.isFinite(value) ? { known: true, value } : refused('NotANumber', 'it is not a finite number.');
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
