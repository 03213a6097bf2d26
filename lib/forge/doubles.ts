/** A `fetch` that answers from a list of steps and remembers what was asked: for tests of this folder, without a socket. */
export interface Asked {
  readonly method: string;
  readonly url: string;
  readonly authorization: string | null;
  readonly body: unknown;
}

type Step = Response | Error | ((asked: Asked) => Response | Promise<Response>);

export function scripted(...steps: Step[]): { fetch: typeof fetch; asked: Asked[] } {
  const asked: Asked[] = [];
  const answer: typeof fetch = async (input, init) => {
    const request: Asked = {
      method: init?.method ?? 'GET',
      url: String(input),
      authorization: new Headers(init?.headers).get('authorization'),
      body: typeof init?.body === 'string' ? JSON.parse(init.body) : null,
    };
    asked.push(request);
    const step = steps[Math.min(asked.length, steps.length) - 1];
    if (step === undefined) throw new Error('no step left');
    if (step instanceof Error) throw step;
    return typeof step === 'function' ? step(request) : again(step);
  };
  return { fetch: answer, asked };
}

const bodies = new WeakMap<Response, Promise<string>>();

/** A step may answer many requests. A clone would not do: cancelling one waits for the other. */
async function again(response: Response): Promise<Response> {
  const body = bodies.get(response) ?? response.text();
  bodies.set(response, body);
  const { status, headers } = response;
  return new Response((await body) === '' ? null : await body, { status, headers });
}

export function json(body: unknown, status = 200, headers: Record<string, string> = {}): Response {
  return new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json', ...headers } });
}

/** What `fetch` throws when a socket fails with `code`. */
export function socketFailure(code: string): Error {
  return new TypeError('fetch failed', { cause: Object.assign(new Error(`socket: ${code}`), { code }) });
}
