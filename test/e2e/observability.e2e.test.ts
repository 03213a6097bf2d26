// One issue from a delivery to its merge, as those see it who watch: one trace, one id in every log, metrics, events, logs.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { isReason } from '#crds';
import { requireUp } from '#lib/datadir';
import { correlationOf } from '#lib/observe';
import { compareMoments } from '../../cli/logs/line.ts';
import { until } from '../kit/cluster-wait.ts';
import { assertDocumented, sampleOf } from '../kit/exposition.ts';
import { assertConvention, GEN_AI } from '../kit/gen-ai.ts';
import { makeNotes, type Notes } from '../kit/notes.ts';
import { type Collector, type ReceivedSpan, startCollector } from '../kit/otlp.ts';
import { processesWith, Rig } from '../kit/rig.ts';
import { Hands } from '../kit/rig-hands.ts';
import { OWNER } from '../kit/rig-repository.ts';
import { secretsOf } from '../kit/rig-secrets.ts';

interface Line {
  readonly msg: string;
  readonly correlationId?: string;
  readonly key?: string;
  readonly [field: string]: unknown;
}

/** Where the agent's command tries to go, and no Repository lists. */
const UNLISTED = 'unlisted.example';
/** Metrics of each program, and the name of the port where they are served. */
const SERVED = { operator: 'conductor-metrics', proxy: 'proxy-metrics', egress: 'egress-metrics' } as const;

interface Shown {
  readonly source: string;
  readonly at: string;
  readonly text: string;
}

describe('an issue that is watched', () => {
  let collector: Collector;
  let notes: Notes;
  let rig: Rig;
  let hands: Hands;
  let issue: string;
  let correlationId: string;
  /** `rig logs --follow --json` from before its first task until it had ended. */
  let followed: Awaited<ReturnType<Hands['rig']>>;
  /** Spans of the issue's trace. */
  let trace: readonly ReceivedSpan[];

  before(async () => {
    collector = await startCollector();
    notes = makeNotes({ first: `git ls-remote https://${UNLISTED}/x.git` });
    const args = ['--repo', notes.repository, '--test-command', 'test -f README.md', '--replay', notes.replay];
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, RIG_LOG_LEVEL: 'debug' };
    rig = await new Rig({ args, env }).up();
    hands = new Hands(rig.layout);
    issue = await labelled('Add a note that is watched');
    const following = hands.rig('logs', issue, '--follow', '--json');
    await hands.untilPhase(issue, 'Done');
    followed = await following;
    correlationId = correlationOf((await hands.log(issue))[0]?.stream)!;
    await collector.until(({ name, traceId }) => name === 'issue' && traceId === correlationId);
    await until('the agents have sent their spans', () => named('invoke_agent ').length >= 2);
    trace = collector.spans.filter(({ traceId }) => traceId === correlationId);
  });

  after(async () => {
    await hands?.[Symbol.asyncDispose]();
    await rig?.[Symbol.asyncDispose]();
    notes?.[Symbol.dispose]();
    await collector?.[Symbol.asyncDispose]();
    assert.deepEqual(processesWith(rig.layout.root), [], 'the rig left a process behind');
  });

  it('is one trace from the delivery to the merge, with the spans of every program, under the span of the whole', () => {
    const seen = new Set(trace.map(({ service, name }) => `${service}: ${name.replace(/ (dev|review)-e$/, '')}`));
    const expected = [
      'rig-conductor: issue',
      'rig-conductor: delivery issues',
      'rig-conductor: delivery pull_request',
      'rig-conductor: issue classify',
      'rig-conductor: claim',
      'rig-conductor: task create',
      'rig-conductor: job create',
      'rig-conductor: task assignment',
      'rig-conductor: git push',
      'rig-conductor: forge head',
      'rig-conductor: task pull-request',
      'rig-conductor: forge pull-request',
      'rig-conductor: issue dispatch',
      'rig-conductor: task verdict',
      'rig-conductor: forge review',
      'rig-conductor: issue merge',
      'rig-conductor: forge merge',
      'rig-agent-runtime: invoke_agent',
      'rig-agent-runtime: execute_tool shell',
    ];
    for (const span of expected) assert.ok(seen.has(span), `${span} is missing among ${[...seen].sort().join(', ')}`);
    for (const service of ['rig-agent-runtime', 'rig-proxy'])
      assert.ok(
        [...seen].some((span) => span.startsWith(`${service}: chat `)),
        `${service} has no span of a model`,
      );
    const ids = new Map(trace.map((span) => [span.spanId, span]));
    assert.deepEqual(
      trace.filter(({ parentSpanId }) => parentSpanId === '').map(({ name }) => name),
      ['issue'],
    );
    for (const { name, parentSpanId } of trace) {
      if (parentSpanId !== '') assert.ok(ids.has(parentSpanId), `${name} hangs under a span that nobody sent`);
    }
  });

  it('has the programs’ spans one inside the other: task, Job, agent, model, proxy', () => {
    const ids = new Map(trace.map((span) => [span.spanId, span]));
    const proxied = trace.find(({ service }) => service === 'rig-proxy')!;
    const path: string[] = [];
    for (let span: ReceivedSpan | undefined = proxied; span; span = ids.get(span.parentSpanId))
      path.unshift(
        span.name
          .split(' ')
          .slice(0, span.name.startsWith('issue') ? 1 : 2)
          .join(' '),
      );
    assert.match(path.join(' > '), /^issue > .*task create > job create > invoke_agent \S+ > chat \S+ > chat \S+$/);
  });

  it('tells of agents, tools and models in the conventions for generative AI, and nothing of what was said', () => {
    const told = trace.filter(({ attributes }) => 'gen_ai.operation.name' in attributes);
    assert.deepEqual(
      new Set(told.map(({ attributes }) => attributes['gen_ai.operation.name'])),
      new Set(Object.keys(GEN_AI)),
    );
    for (const span of told) assertConvention(span);
    assert.doesNotMatch(JSON.stringify(collector.spans), /Add a note|symbolic-ref|\bnoted\b|Please\.|ls-remote/);
  });

  it('has its id in every event and in every line that the programs write for it', async () => {
    for (const { type, meta } of await hands.log(issue))
      assert.equal((meta as { traceId?: string }).traceId, correlationId, type);
    const of = (lines: readonly Line[], msg: string) =>
      lines.filter((line) => line.msg === msg && line.correlationId === correlationId);
    const conductor = linesOf('operator');
    assert.ok(of(conductor, 'delivery applied').length > 0);
    const tasks = (await hands.kubectl(['get', 'agenttasks', '-o', 'name'])).trim().split('\n');
    const keys = new Set(
      [issue, ...tasks.map((name) => name.split('/')[1])].map((name) => `${hands.namespace}/${name}`),
    );
    const reconciled = conductor.filter(
      ({ controller, key }) => (controller === 'issue' || controller === 'agent-task') && keys.has(String(key)),
    );
    assert.ok(reconciled.length > 5);
    const mute = reconciled.filter((line) => line.correlationId !== correlationId);
    // What is looked at after it is gone, or before it is in the log, is for nothing yet.
    assert.deepEqual(
      mute.filter(({ outcome }) => outcome !== 'Done').map(({ msg }) => msg),
      [],
    );
    assert.ok(mute.length < reconciled.length / 4, `${mute.length} of ${reconciled.length} lines have no id`);
  });

  it('shows in the logs of its tasks, and with --all in those of the conductor', async () => {
    const agents = await hands.rig('logs', issue, '--json');
    assert.equal(agents.code, 0, agents.stderr);
    const lines = parsed(agents.stdout);
    assert.deepEqual(
      new Set(lines.map(({ source }) => source)),
      new Set([`${issue}-implement-1-1`, `${issue}-review-1-1`]),
    );
    const ends = lines.map(({ text }) => JSON.parse(text) as Line).filter(({ msg }) => msg === 'task ended');
    assert.deepEqual(
      ends.map((line) => line.correlationId),
      [correlationId, correlationId],
    );
    const all = await hands.rig('logs', issue, '--all', '--json');
    assert.ok(
      parsed(all.stdout).some(({ source, text }) => source === 'operator' && text.includes('delivery applied')),
    );
    const one = await hands.rig('logs', issue, '--task', `${issue}-review-1-1`);
    assert.match(one.stdout, /^\d\d:\d\d:\d\d \S+-review-1-1 info task ended .*VerdictGiven/m);
    assert.doesNotMatch(one.stdout, /implement-1-1 /);
  });

  it('was followed from before its first task until it had ended, each line once and in order', async () => {
    assert.deepEqual([followed.code, followed.stderr], [0, '']);
    const lines = parsed(followed.stdout);
    const whole = parsed((await hands.rig('logs', issue, '--json')).stdout);
    assert.deepEqual(new Set(lines.map(shownAs)), new Set(whole.map(shownAs)));
    assert.equal(lines.length, whole.length);
    for (const task of new Set(lines.map(({ source }) => source))) {
      const moments = lines.filter(({ source }) => source === task).map(({ at }) => at);
      assert.deepEqual(moments, moments.toSorted(compareMoments), task);
    }
  });

  it('bad input to rig logs is answered in one sentence each', async () => {
    const cases = [
      [['No such/Issue'], 1, /^rig: There is no Issue No such\/Issue in \S+: rig kubectl get issues -A lists them\.$/],
      [['nobody'], 1, /^rig: There is no Issue nobody in \S+: rig kubectl get issues -A lists them\.$/],
      [[issue, '--task', 'other'], 1, /^rig: Issue \S+ has no task other; its tasks are \S+, \S+\.$/],
      [[issue, '--since', 'soon'], 2, /^rig: "soon" is no duration: write it as 30s, 10m or 1h30m\.$/],
    ] as const;
    for (const [args, code, sentence] of cases) {
      const ended = await hands.rig('logs', ...args);
      assert.equal(ended.code, code, ended.stderr);
      assert.match(ended.stderr.trim(), sentence);
    }
  });

  it('is counted by every program, on listeners of their own and not where agents call', async () => {
    const { conductor, proxy, egress } = await expositions();
    assert.equal(sampleOf(conductor, 'rig_leader'), 1);
    assert.equal(sampleOf(conductor, 'rig_issues{phase="Done"}'), 1);
    assert.equal(sampleOf(conductor, 'rig_claims_live{lane="work"}'), 0);
    assert.equal(sampleOf(conductor, 'rig_effects_total{kind="merge",outcome="succeeded"}'), 1);
    assert.equal(sampleOf(conductor, 'rig_task_seconds_count{kind="review",ending="succeeded"}'), 1);
    assert.equal(sampleOf(conductor, 'rig_events_total{type="MERGED"}'), 1);
    assert.ok(sampleOf(conductor, 'rig_deliveries_total{event="issues",outcome="stored"}') >= 2);
    assert.ok(sampleOf(conductor, 'rig_reconciles_total{controller="issue",outcome="Done"}') > 5);
    assert.ok(sampleOf(proxy, 'rig_model_calls_total{outcome="2xx"}') >= 2);
    assert.ok(sampleOf(egress, 'rig_egress_requests_total{outcome="Denied"}') >= 1);
    for (const text of [conductor, proxy, egress])
      for (const name of [issue, UNLISTED]) assert.ok(!text.includes(name), `a label names ${name}`);
    assert.equal((await fetch(`${hands.urls.conductor}/metrics`)).status, 404);
  });

  it('finds every metric of docs/metrics.md at its program with its labels, and no other', async () => {
    const { conductor, ...rest } = await expositions();
    for (const [program, exposition] of Object.entries({ operator: conductor, ...rest }))
      assertDocumented(program, exposition);
  });

  it('tells of the host that was refused: in the timeline, in the log of egress, and in kubectl describe', async () => {
    const task = `${issue}-implement-1-1`;
    const why = 'The host is not in spec.egress of the Repository.';
    const denied = (await hands.log(issue)).filter(({ type }) => type === 'EGRESS_DENIED');
    assert.deepEqual(
      denied.map(({ data }) => ({ ...(data as object), fence: '', count: 0 })),
      [{ task, kind: 'implement', fence: '', host: UNLISTED, port: 443, reason: 'HostNotListed', count: 0 }],
    );
    assert.match((await hands.rig('events', issue)).stdout, new RegExp(`EGRESS_DENIED +${UNLISTED}:443.*: ${why}`));
    const refused = linesOf('egress').filter(({ msg }) => msg === 'connections refused');
    assert.deepEqual(
      refused.map(({ host, task: of, correlationId: id }) => [host, of, id]),
      [[UNLISTED, task, correlationId]],
    );
    const described = await hands.kubectl(['describe', 'agenttask', task]);
    assert.match(described, new RegExp(`Warning +HostNotListed .* ${UNLISTED}:443 refused: ${why}`));
    assert.match(
      await hands.kubectl(['describe', 'issue.rig.dashecorp.com', issue]),
      /Warning +HostNotListed .* were refused/,
    );
  });

  it('has none of its secrets in a log, a span, a metric, an event or a Kubernetes Event', async () => {
    const { logs } = rig.layout;
    const known = secretsOf(rig.layout);
    assert.ok(known.length >= 12, `only ${known.length} secrets are known`);
    const { conductor, proxy, egress } = await expositions();
    const written = {
      ...Object.fromEntries(readdirSync(logs).map((name) => [name, readFileSync(join(logs, name), 'utf8')])),
      agents: (await hands.rig('logs', issue, '--json')).stdout,
      spans: JSON.stringify(collector.spans),
      metrics: conductor + proxy + egress,
      events: JSON.stringify(await hands.log(issue)),
      'Kubernetes Events': await hands.kubectl(['get', 'events.events.k8s.io', '-A', '-o', 'json']),
    };
    for (const [where, text] of Object.entries(written)) {
      assert.ok(!known.some((secret) => text.includes(secret)), `${where} holds a secret of the rig`);
      assert.doesNotMatch(text, /\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]{8,}/, `${where} holds a token`);
    }
  });

  it('leaves few Kubernetes Events, each told once', async () => {
    const { items } = JSON.parse(await hands.kubectl(['get', 'events.events.k8s.io', '-o', 'json'])) as {
      items: { reason: string; regarding: { kind: string; name: string }; series?: { count: number }; note: string }[];
    };
    for (const { regarding, reason } of items)
      if (/^(Issue|AgentTask|Agent|Repository)$/.test(regarding.kind))
        assert.ok(isReason(reason), `${regarding.kind}: ${reason}`);
    const about = (kind: string) => items.filter(({ regarding }) => regarding.kind === kind);
    const shown = (kind: string) => JSON.stringify(about(kind).map(({ reason, note }) => `${reason}: ${note}`));
    const ours = about('Issue');
    assert.ok(ours.length >= 6 && ours.length <= 13, shown('Issue'));
    for (const reason of ['Dispatched', 'Delivered', 'Merged'])
      assert.ok(
        ours.some((event) => event.reason === reason),
        shown('Issue'),
      );
    assert.ok(about('AgentTask').length >= 4 && about('AgentTask').length <= 9, shown('AgentTask'));
    assert.ok(about('Repository').length >= 1 && about('Repository').length <= 3, shown('Repository'));
    assert.ok(about('Agent').length >= 2 && about('Agent').length <= 4, shown('Agent'));
  });

  it('says of a task whose pod is gone that its log is gone with it, and shows the others', async () => {
    const [gone, kept] = [`${issue}-implement-1-1`, `${issue}-review-1-1`];
    const pod = await hands.kubectl(['get', 'agenttask', gone, '-o', 'jsonpath={.status.pod.name}']);
    await hands.kubectl(['delete', 'pod', pod, '--wait=true']);
    for (const options of [[], ['--follow']]) {
      const { code, stdout, stderr } = await hands.rig('logs', issue, ...options);
      assert.equal(code, 0, stderr);
      assert.equal(
        stderr.trim(),
        `rig: The pod of task ${gone} is gone, and its log with it: rig events ${issue} tells what it did.`,
      );
      assert.deepEqual([stdout.includes(`${kept} `), stdout.includes(`${gone} `)], [true, false]);
    }
  });

  async function expositions() {
    const { ports } = requireUp(rig.layout);
    const read = (program: keyof typeof SERVED) => text(`http://127.0.0.1:${ports[SERVED[program]]}/metrics`);
    return { conductor: await read('operator'), proxy: await read('proxy'), egress: await read('egress') };
  }

  function named(prefix: string): ReceivedSpan[] {
    return collector.spans.filter(({ name, traceId }) => name.startsWith(prefix) && traceId === correlationId);
  }

  function linesOf(program: string): Line[] {
    const lines = readFileSync(join(rig.layout.logs, `${program}.log`), 'utf8').split('\n');
    return lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line));
  }

  /** A forge issue that a person labels; resolves to the name of the Issue it becomes. */
  async function labelled(title: string): Promise<string> {
    const repository = (await hands.kubectl(['get', 'repositories', '-o', 'name'])).trim().split('/')[1]!;
    const path = `/repos/${OWNER}/${repository}/issues`;
    const { body } = await hands.forge<{ number: number }>('POST', path, { title, body: 'Please.' });
    await hands.forge('POST', `${path}/${body.number}/labels`, { labels: ['rig'] });
    const name = `${repository}-${body.number}`;
    await until('the Issue is there', async () => (await hands.issue(name)) !== undefined);
    return name;
  }
});

const shownAs = ({ source, at, text }: Shown) => `${source} ${at} ${text}`;

function parsed(stdout: string): Shown[] {
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}

async function text(url: string): Promise<string> {
  return (await fetch(url)).text();
}
