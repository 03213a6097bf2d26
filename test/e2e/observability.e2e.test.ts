// One issue from a delivery to its merge, as those see it who watch: one trace, one id in every log, metrics, events, logs.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { requireUp } from '#lib/datadir';
import { correlationOf, metricCatalogue } from '#lib/observe';
import { until } from '../kit/cluster-wait.ts';
import { makeNotes, type Notes } from '../kit/notes.ts';
import { type Collector, type ReceivedSpan, startCollector } from '../kit/otlp.ts';
import { processesWith, Rig } from '../kit/rig.ts';
import { Hands } from '../kit/rig-hands.ts';
import { OWNER } from '../kit/rig-repository.ts';

interface Line {
  readonly msg: string;
  readonly correlationId?: string;
  readonly key?: string;
  readonly [field: string]: unknown;
}

describe('an issue that is watched', () => {
  let collector: Collector;
  let notes: Notes;
  let rig: Rig;
  let hands: Hands;
  let issue: string;
  let correlationId: string;
  /** Spans of the issue's trace. */
  let trace: readonly ReceivedSpan[];

  before(async () => {
    collector = await startCollector();
    notes = makeNotes();
    const args = ['--repo', notes.repository, '--test-command', 'test -f README.md', '--replay', notes.replay];
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, RIG_LOG_LEVEL: 'debug' };
    rig = await new Rig({ args, env }).up();
    hands = new Hands(rig.layout);
    issue = await labelled('Add a note that is watched');
    await hands.untilPhase(issue, 'Done');
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

  it('tells of models in the conventions for generative AI, and nothing of what was said', () => {
    for (const span of trace.filter(({ name }) => name.startsWith('chat '))) {
      const { attributes } = span;
      assert.equal(attributes['gen_ai.operation.name'], 'chat');
      assert.equal(attributes['gen_ai.provider.name'], 'anthropic');
      assert.ok(Number(attributes['gen_ai.usage.output_tokens']) >= 0, JSON.stringify(attributes));
      assert.equal(span.name, `chat ${attributes['gen_ai.request.model']}`);
    }
    assert.doesNotMatch(JSON.stringify(collector.spans), /Add a note|symbolic-ref|\bnoted\b|Please\./);
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
    const followed = await hands.rig('logs', issue, '--follow');
    assert.equal(followed.code, 0, followed.stderr);
    assert.match(followed.stdout, /task ended/);
  });

  it('bad input to rig logs is answered in one sentence each', async () => {
    const cases = [
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

  it('is counted by conductor and proxy, on listeners of their own and not where agents call', async () => {
    const { ports } = requireUp(rig.layout);
    const conductor = await text(`http://127.0.0.1:${ports['conductor-metrics']}/metrics`);
    const proxy = await text(`http://127.0.0.1:${ports['proxy-metrics']}/metrics`);
    const value = (exposition: string, series: string) =>
      Number(
        exposition
          .split('\n')
          .find((line) => line.startsWith(`${series} `))
          ?.split(' ')[1],
      );
    assert.equal(value(conductor, 'rig_leader'), 1);
    assert.equal(value(conductor, 'rig_issues{phase="Done"}'), 1);
    assert.equal(value(conductor, 'rig_claims_live{lane="work"}'), 0);
    assert.equal(value(conductor, 'rig_effects_total{kind="merge",outcome="succeeded"}'), 1);
    assert.equal(value(conductor, 'rig_task_seconds_count{kind="review",ending="succeeded"}'), 1);
    assert.equal(value(conductor, 'rig_events_total{type="MERGED"}'), 1);
    assert.ok(value(conductor, 'rig_deliveries_total{event="issues",outcome="stored"}') >= 2);
    assert.ok(value(conductor, 'rig_reconciles_total{controller="issue",outcome="Done"}') > 5);
    assert.ok(value(proxy, 'rig_model_calls_total{outcome="2xx"}') >= 2);
    for (const exposition of [conductor, proxy]) assert.ok(!exposition.includes(issue), 'a label names an issue');
    for (const [name, { of }] of Object.entries(metricCatalogue)) {
      for (const [program, exposition] of [
        ['operator', conductor],
        ['proxy', proxy],
      ] as const)
        assert.equal(exposition.includes(`# TYPE ${name} `), (of as readonly string[]).includes(program), name);
    }
    assert.equal((await fetch(`${hands.urls.conductor}/metrics`)).status, 404);
  });

  it('leaves few Kubernetes Events, each told once', async () => {
    const { items } = JSON.parse(await hands.kubectl(['get', 'events.events.k8s.io', '-o', 'json'])) as {
      items: { reason: string; regarding: { kind: string; name: string }; series?: { count: number }; note: string }[];
    };
    const about = (kind: string) => items.filter(({ regarding }) => regarding.kind === kind);
    const shown = (kind: string) => JSON.stringify(about(kind).map(({ reason, note }) => `${reason}: ${note}`));
    const ours = about('Issue');
    assert.ok(ours.length >= 6 && ours.length <= 12, shown('Issue'));
    for (const reason of ['Dispatched', 'Delivered', 'Merged'])
      assert.ok(
        ours.some((event) => event.reason === reason),
        shown('Issue'),
      );
    assert.ok(about('AgentTask').length >= 4 && about('AgentTask').length <= 8, shown('AgentTask'));
    assert.ok(about('Repository').length >= 1 && about('Repository').length <= 3, shown('Repository'));
    assert.ok(about('Agent').length >= 2 && about('Agent').length <= 4, shown('Agent'));
  });

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

function parsed(stdout: string): { source: string; text: string }[] {
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}

async function text(url: string): Promise<string> {
  return (await fetch(url)).text();
}
