import { type Context, Hono } from 'hono';
import { InFlight, observeRequests, problemHandler, readJSON } from '#lib/http';
import { type Logger, type Metrics, noMetrics } from '#lib/observe';
import type { Admission } from './judge.ts';
import { type Answer, type Asked, answerReview, parseRequest, parseReview } from './review.ts';

/** An object has at most 1.5 MiB, and may come twice. */
const MAX_BODY = 4 * 1_048_576;
/** Of all that is asked at one time: whoever floods one door is told to come again, and takes no memory from the other. */
const MAX_BODIES = 64 * 1_048_576;
/** Whoever asks waits three seconds for an answer. */
const READ_WITHIN_MS = 2_500;

/**
 * What is asked before something is written, as a Hono app: `POST /admission/consent` and `POST /admission/issue-status` are webhooks of an
 * API server, `POST /v1/consent` takes the request of a review from a policy engine and answers `{body: {allowed, message, attestors}}`.
 * Nothing it does changes anything.
 */
export function admissionRoutes(
  admission: Pick<Admission, 'consent' | 'issueStatus'>,
  logger: Logger,
  metrics: Metrics = noMetrics,
): Hono {
  const app = new Hono();
  app.use(observeRequests(metrics));
  const bodies = new InFlight(MAX_BODIES);
  const reading = (answer: (context: Context, body: unknown) => Promise<Response>) => async (context: Context) => {
    const share = bodies.share();
    try {
      return await answer(context, await readJSON(context.req.raw, MAX_BODY, { share, withinMs: READ_WITHIN_MS }));
    } finally {
      share.release();
    }
  };
  const webhook = (judge: (asked: Asked) => Promise<Answer>) =>
    reading(async (context, body) => {
      const { uid, asked } = parseReview(body);
      const answer = await judge(asked);
      tell(logger, asked, answer);
      return context.json(answerReview(uid, answer));
    });
  app.post(
    '/admission/consent',
    webhook((asked) => admission.consent(asked)),
  );
  app.post(
    '/admission/issue-status',
    webhook((asked) => admission.issueStatus(asked)),
  );
  app.post(
    '/v1/consent',
    reading(async (context, body) => context.json({ body: bodyFor(await admission.consent(parseRequest(body))) })),
  );
  app.onError(problemHandler(logger));
  return app;
}

/** `attestors` are the people and machines that vouched; null where nobody had to, or nobody did. */
function bodyFor(answer: Answer): object {
  if (answer.state !== 'allowed') return { allowed: false, message: answer.message, attestors: null };
  return { allowed: true, message: answer.because, attestors: answer.attestors ?? null };
}

/** Of objects nothing but what they are called is logged: they may be secrets. */
function tell(logger: Logger, { operation, group, kind, namespace, name, user }: Asked, answer: Answer): void {
  if (answer.state === 'allowed' && !answer.because.startsWith('Approval ')) return;
  logger.info({ operation, group, kind, namespace, name, user, ...answer }, 'judged a write');
}
