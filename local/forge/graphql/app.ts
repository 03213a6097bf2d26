import { execute, type GraphQLError, getOperationAST, parse, specifiedRules, validate } from 'graphql';
import { Hono, type Context as HonoContext } from 'hono';
import { readBounded } from '#lib/http';
import type { Context } from '../context.ts';
import { afterwards, before, Cut, Faults } from '../faults/index.ts';
import type { Actor } from '../model/index.ts';
import { forbidden, notServed, Refusal } from '../refusal.ts';
import { cut, identify, type Meter, refusalOf } from '../rest/index.ts';
import type { FaultRow } from '../store/index.ts';
import type { GraphRequest } from './nodes.ts';
import { firstUnserved, githubSchema } from './schema.ts';

const OPERATION = 'POST /graphql';
const MAX_BODY_BYTES = 2 * 1024 * 1024;

interface Query {
  readonly query: string;
  readonly variables: Record<string, unknown>;
  readonly operationName: string | undefined;
}

/** GitHub's GraphQL API. What is valid but not served is refused with 501 before anything is executed. */
export function graphqlApp(ctx: Context, meter: Meter): Hono {
  const app = new Hono();
  app.post('/', async (c) => {
    let actor: Actor | undefined;
    let faults: FaultRow[] = [];
    try {
      actor = identify(ctx, c.req.header('authorization'));
      if (actor.asApp === true) throw forbidden('Resource not accessible by integration');
      meter.admit(actor, OPERATION);
      faults = new Faults(ctx.store).take(OPERATION, actor.user.login);
      await before(faults);
      const query = readQuery((await readBounded(c.req.raw, MAX_BODY_BYTES)).toString());
      const answer = await run({ ctx, actor, meter }, query);
      await afterwards(faults);
      return reply(c, 200, answer, meter.count(actor, OPERATION, false));
    } catch (error) {
      if (error instanceof Cut || faults.some(({ kind }) => kind === 'drop')) return cut(c);
      const { status, body, headers } = refusalOf(ctx, error, OPERATION);
      return reply(c, status, body, { ...meter.count(actor, OPERATION, false), ...headers });
    }
  });
  return app;
}

async function run(request: GraphRequest, { query, variables, operationName }: Query) {
  const schema = githubSchema();
  let document: ReturnType<typeof parse>;
  try {
    document = parse(query, { maxTokens: 20_000 });
  } catch (error) {
    return { errors: [shape(error as GraphQLError)] };
  }
  const invalid = validate(schema, document, specifiedRules, { maxErrors: 20 });
  if (invalid.length > 0) return { errors: invalid.map(shape) };
  if (getOperationAST(document, operationName) == null)
    return { errors: [{ message: 'An operation name is required' }] };
  const unserved = firstUnserved(document);
  if (unserved !== undefined) throw notServed(`GraphQL field ${unserved}`);
  const args = { schema, document, contextValue: request, variableValues: variables, operationName };
  const { data, errors } = await execute(args);
  const broken = errors?.find(
    (error) => error.originalError && !(error.originalError instanceof Refusal) && !error.extensions.type,
  );
  if (broken !== undefined)
    request.ctx.logger.error({ err: broken.originalError, path: broken.path }, 'resolver failed');
  return errors === undefined ? { data } : { data: data ?? null, errors: errors.map(shape) };
}

/** GitHub's form of an error: its type beside path, locations and message. */
function shape(error: GraphQLError) {
  const refusal = error.originalError instanceof Refusal ? error.originalError : undefined;
  const type = error.extensions.type ?? (refusal === undefined ? undefined : 'UNPROCESSABLE');
  const details = refusal?.errors?.map((each) => (typeof each === 'string' ? each : (each.message ?? each.code)));
  return {
    ...(type === undefined ? {} : { type }),
    ...(error.path === undefined ? {} : { path: error.path }),
    ...(error.locations === undefined ? {} : { locations: error.locations }),
    message: details === undefined ? error.message : details.join('; '),
  };
}

function readQuery(text: string): Query {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Refusal(400, 'Problems parsing JSON');
  }
  const { query, variables, operationName } = (value ?? {}) as Partial<Record<keyof Query, unknown>>;
  if (typeof query !== 'string') throw new Refusal(400, 'A query attribute must be specified and must be a string.');
  if (variables != null && typeof variables !== 'object') throw new Refusal(400, 'Variables must be an object.');
  const given = (variables ?? {}) as Record<string, unknown>;
  return { query, variables: given, operationName: typeof operationName === 'string' ? operationName : undefined };
}

function reply(c: HonoContext, status: number, body: unknown, headers: Record<string, string>): Response {
  return c.json(body as Record<string, unknown>, status as 200, headers);
}
