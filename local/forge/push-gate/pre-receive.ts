import { request } from 'node:http';

/**
 * What git runs before it takes a push to a repository with rules: tells the forge which refs are to change and where the new objects are
 * kept until then, prints its answer, and lets the push through if there is none. Anything else that happens refuses the push.
 */
async function main(): Promise<number> {
  const { RIG_FORGE_GATE_URL: url = '', RIG_FORGE_GATE_TOKEN: token = '' } = process.env;
  const lines: Buffer[] = [];
  for await (const chunk of process.stdin) lines.push(chunk as Buffer);
  const objects = {
    GIT_OBJECT_DIRECTORY: process.env.GIT_OBJECT_DIRECTORY ?? '',
    GIT_ALTERNATE_OBJECT_DIRECTORIES: process.env.GIT_ALTERNATE_OBJECT_DIRECTORIES ?? '',
  };
  const { status, text } = await post(url, token, JSON.stringify({ lines: Buffer.concat(lines).toString(), objects }));
  if (status === 204) return 0;
  process.stderr.write(text === '' ? 'The push could not be checked.\n' : text);
  return 1;
}

function post(url: string, token: string, body: string): Promise<{ status: number; text: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; text: string }>();
  const sent = request(url, { method: 'POST', headers: { authorization: `Bearer ${token}` } }, (response) => {
    let text = '';
    response.setEncoding('utf8');
    response.on('data', (chunk: string) => {
      text += chunk;
    });
    response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
  });
  sent.on('error', reject);
  sent.end(body);
  return promise;
}

main().then(
  (code) => process.exit(code),
  (error: Error) => {
    process.stderr.write(`The push could not be checked: ${error.message}\n`);
    process.exit(1);
  },
);
