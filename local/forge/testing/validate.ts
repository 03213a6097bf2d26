import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { operationOf } from '../rest/operations.ts';

type Json = Record<string, unknown>;
// The package's types describe its CommonJS form.
const addFormats = formats as unknown as (ajv: Ajv) => Ajv;

const load = (path: string) => JSON.parse(readFileSync(fileURLToPath(import.meta.resolve(path)), 'utf8')) as Json;

/** OpenAPI 3.0's `nullable` as JSON Schema has it: the schema or null. An address that is '' by default may be ''. */
function rewriteDialect(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(rewriteDialect);
  if (value === null || typeof value !== 'object') return value;
  const rewritten = Object.fromEntries(Object.entries(value).map(([key, item]) => [key, rewriteDialect(item)]));
  if (rewritten.format === 'uri' && rewritten.default === '') return { anyOf: [{ const: '' }, rewritten] };
  if (rewritten.nullable !== true) return rewritten;
  const { nullable: _, ...rest } = rewritten;
  return { anyOf: [{ type: 'null' }, rest] };
}

let rest: { ajv: Ajv; document: Json } | undefined;
let hooks: { ajv: Ajv2020; document: Json } | undefined;
const compiled = new Map<string, ValidateFunction>();

const pointer = (...parts: string[]) =>
  `#/${parts.map((part) => encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1'))).join('/')}`;

function restDocument() {
  if (rest === undefined) {
    const document = rewriteDialect(load('@octokit/openapi/generated/api.github.com.json')) as Json;
    const ajv = addFormats(new Ajv({ strict: false, allErrors: true }));
    ajv.addSchema({ $id: 'rest', ...document });
    rest = { ajv, document };
  }
  return rest;
}

/** Fails unless the answer has the shape GitHub's OpenAPI document gives this operation and status. Returns the operation. */
export function assertRestAnswer(method: string, path: string, status: number, body: unknown): string {
  const operation = operationOf(method, path);
  assert.ok(operation, `${method} ${path} is no operation of GitHub`);
  if (status >= 400) {
    assertError(operation, body);
    return operation;
  }
  const { ajv, document } = restDocument();
  const [verb = '', template = ''] = operation.split(' ');
  let where = ['paths', specPath(document, template), verb.toLowerCase(), 'responses', String(status)];
  let declared = at(document, ...where) as Json | undefined;
  if (typeof declared?.$ref === 'string') {
    where = declared.$ref.slice(2).split('/');
    declared = at(document, ...where) as Json;
  }
  assert.ok(declared, `${operation} has no answer ${status}`);
  const content = declared.content as Json | undefined;
  if (content === undefined) assert.equal(body, undefined, `${operation} ${status} has no body`);
  else {
    const type = 'application/json' in content ? 'application/json' : Object.keys(content)[0]!;
    const schema = pointer(...where, 'content', type, 'schema');
    check(ajv, `${operation} ${status}`, `rest${schema}`, body);
  }
  return operation;
}

/** The document may call a parameter otherwise than the client library does. */
function specPath(document: Json, template: string): string {
  const shape = (text: string) => text.replaceAll(/\{[^}]*\}/g, '{}');
  const found = Object.keys(document.paths as Json).find(
    (path) => path === template || shape(path) === shape(template),
  );
  assert.ok(found, `${template} is not in the OpenAPI document`);
  return found;
}

function assertError(operation: string, body: unknown): void {
  const { message, documentation_url: url } = body as Json;
  assert.equal(typeof message, 'string', `${operation}: an error has a message`);
  assert.equal(typeof url, 'string', `${operation}: an error has a documentation_url`);
}

function hookDocument() {
  if (hooks === undefined) {
    const document = load('@octokit/openapi-webhooks/generated/api.github.com.json');
    const ajv = addFormats(new Ajv2020({ strict: false, allErrors: true }) as unknown as Ajv) as unknown as Ajv2020;
    ajv.addSchema({ $id: 'hooks', ...document });
    hooks = { ajv, document };
  }
  return hooks;
}

/** Fails unless the payload has the shape GitHub's webhook schema gives this event and action. */
export function assertDelivery(event: string, payload: Json): void {
  const { ajv, document } = hookDocument();
  const parts = [event, payload.action].filter(Boolean);
  const name = parts.map((part) => String(part).replaceAll('_', '-')).join('-');
  assert.ok((document.webhooks as Json)[name], `${name} is no webhook event of GitHub`);
  const schema = pointer('webhooks', name, 'post', 'requestBody', 'content', 'application/json', 'schema');
  check(ajv, name, `hooks${schema}`, payload);
}

function check(ajv: Ajv | Ajv2020, key: string, ref: string, value: unknown): void {
  let validate = compiled.get(key);
  if (validate === undefined) {
    validate = ajv.compile({ $ref: ref });
    compiled.set(key, validate);
  }
  if (!validate(value)) assert.fail(`${key} does not fit GitHub's schema:\n${explain(validate.errors ?? [])}`);
}

function explain(errors: ErrorObject[]): string {
  const lines = errors.map(
    (error) => `  ${error.instancePath || '/'} ${error.message} ${JSON.stringify(error.params)}`,
  );
  return [...new Set(lines)].slice(0, 12).join('\n');
}

function at(value: unknown, ...path: string[]): unknown {
  return path.reduce((found, key) => (found as Json | undefined)?.[key], value);
}
