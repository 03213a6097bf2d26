import { restEndpointMethods } from '@octokit/plugin-rest-endpoint-methods';

interface Operation {
  readonly method: string;
  readonly template: string;
  readonly pattern: RegExp;
  /** Literal characters: of two templates that fit, the one with more is meant. */
  readonly weight: number;
}

let operations: Operation[] | undefined;

/** The operation of GitHub's REST API that a request would be, as `METHOD /path/{template}`, or undefined if GitHub has none. */
export function operationOf(method: string, path: string): string | undefined {
  operations ??= listOperations();
  const fitting = operations.filter((each) => each.method === method && each.pattern.test(path));
  const best = fitting.sort((a, b) => b.weight - a.weight)[0];
  return best && `${best.method} ${best.template}`;
}

/** Every endpoint that GitHub's own client library knows, read from it without a client. */
function listOperations(): Operation[] {
  type Scope = Record<string, { endpoint: { DEFAULTS: { method: string; url: string } } }>;
  const endpoint = (defaults: unknown) =>
    Object.assign(() => undefined, { endpoint: { DEFAULTS: defaults }, defaults: endpoint });
  const client = { request: endpoint({}), hook: {} } as never;
  const { rest } = restEndpointMethods(client);
  const scopes = Object.values(rest as unknown as Record<string, Scope>);
  return scopes.flatMap((scope) =>
    Object.values(scope).map(({ endpoint: { DEFAULTS } }) => describe(DEFAULTS.method, DEFAULTS.url)),
  );
}

function describe(method: string, template: string): Operation {
  const literal = template.replaceAll(/\{[^}]*\}/g, '');
  const source = template
    .split(/(\{[^}]*\})/)
    .map((part) =>
      part.startsWith('{')
        ? /path|ref|branch|basehead/.test(part)
          ? '.*'
          : '[^/]+'
        : part.replaceAll(/[.*+?^$()|[\]\\]/g, '\\$&'),
    )
    .join('');
  return { method, template, pattern: new RegExp(`^${source}$`), weight: literal.length };
}
