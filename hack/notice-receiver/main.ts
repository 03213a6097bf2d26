// A receiver of the rig's notices (docs/escalation.md): verifies each, drops doubles, prints the rest.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { parseArgs, stripVTControlCharacters } from 'node:util';
import { verify } from './verify.ts';

const USAGE = 'node hack/notice-receiver/main.ts --secret-file FILE [--port PORT]';
const MAX_BODY = 65_536;
const MAX_IDS = 10_000;

const { values } = parseArgs({
  options: { 'secret-file': { type: 'string' }, port: { type: 'string', default: '8099' } },
});
if (values['secret-file'] === undefined) {
  console.error(USAGE);
  process.exit(2);
}
const secret = readFileSync(values['secret-file'], 'utf8').trim();
const seen = new Set<string>();

const server = createServer(async (request, response) => {
  let body = '';
  for await (const chunk of request.setEncoding('utf8')) {
    body += chunk;
    if (body.length > MAX_BODY) return void response.writeHead(413).end();
  }
  const headers = request.headers as Record<string, string>;
  if (!verify(headers, body, secret)) return void response.writeHead(401).end();
  const id = headers['webhook-id'] ?? '';
  if (!seen.has(id)) show(JSON.parse(body));
  if (seen.size >= MAX_IDS) seen.clear();
  seen.add(id);
  response.writeHead(204).end();
});
server.listen(Number(values.port), '127.0.0.1', () => {
  const { port } = server.address() as { port: number };
  console.log(`listening on http://127.0.0.1:${port}/`);
});

function show({ type, data }: { type: string; data: Record<string, unknown> }): void {
  const line = `${type} ${data.namespace}/${data.issue} (${data.reason}): ${data.message}`;
  console.log(stripVTControlCharacters(line).replaceAll(/\p{Cc}/gu, ' '));
}
