import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ada, devE } from '../testing/facts.ts';
import { developer, repositoryPolicy, reviewer } from '../testing/world.ts';
import { routeDeveloper, routeReviewer } from './routing.ts';

const node = developer({ name: 'node-dev' });
const go = developer({ name: 'go-dev', stacks: ['go'] });
const any = developer({ name: 'any-dev', stacks: [] });
const route = (taskClass: string | null, stack: string | null, agent: string) => ({ taskClass, stack, agent });

const cases: readonly {
  name: string;
  agents?: Parameters<typeof routeDeveloper>[0];
  routes?: ReturnType<typeof route>[];
  stack?: string | null;
  fits: string[];
}[] = [
  { name: 'without a table, every developer of the stack and those without one', fits: ['node-dev', 'any-dev'] },
  { name: 'a stack that is not known asks only for the role', stack: null, fits: ['node-dev', 'go-dev', 'any-dev'] },
  { name: 'a stack nobody names goes to those that take any', stack: 'rust', fits: ['any-dev'] },
  {
    name: 'a route for the class decides, also against the stack',
    routes: [route('bugfix', null, 'go-dev')],
    fits: ['go-dev'],
  },
  {
    name: 'a route for another class says nothing',
    routes: [route('docs', null, 'go-dev')],
    fits: ['node-dev', 'any-dev'],
  },
  { name: 'a route for the stack decides', routes: [route(null, 'node', 'any-dev')], fits: ['any-dev'] },
  {
    name: 'a route for another stack says nothing',
    routes: [route(null, 'go', 'go-dev')],
    fits: ['node-dev', 'any-dev'],
  },
  { name: 'a route to an Agent that does not exist leaves nobody', routes: [route(null, null, 'ghost')], fits: [] },
  { name: 'a route to a reviewer leaves nobody', routes: [route(null, null, 'review-e')], fits: [] },
  {
    name: 'suspended and unready developers never take work',
    agents: [developer({ suspended: true }), developer({ ready: false })],
    fits: [],
  },
];
for (const { name, agents = [node, go, any, reviewer()], routes = [], stack = 'node', fits } of cases) {
  test(`routing: ${name}`, () => {
    const routing = routeDeveloper(agents, repositoryPolicy({ routes }), 'bugfix', stack);
    assert.deepEqual(routing.fit === 'agents' ? routing.candidates.map((agent) => agent.name) : [], fits);
    if (routing.fit === 'none')
      assert.match(routing.message, /^No ready Agent of role developer takes work of class bugfix/);
  });
}

test('a reviewer is the least busy one, by name among equals, never with the account of the author', () => {
  const second = reviewer({ name: 'second', running: 1, concurrency: 3, account: ada });
  const third = reviewer({ name: 'third', running: 1, concurrency: 3, account: ada });
  assert.equal((routeReviewer([third, second, developer()], devE) as { name: string }).name, 'second');
  assert.equal(routeReviewer([third, second], ada), null);
  assert.equal(routeReviewer([reviewer({ running: 1 })], devE), 'full');
  assert.equal(routeReviewer([reviewer({ usable: false })], devE), null);
  assert.equal(routeReviewer([reviewer({ account: null }), reviewer({ ready: false }), developer()], ada), null);
});
