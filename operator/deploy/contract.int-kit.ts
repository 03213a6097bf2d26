import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DeliveryFacts, Fact, StageFacts } from '#domain';
import type { Delivery, Deployer } from './port.ts';

/** A commit of the repository, by where it stands to the merged change: the change itself, one after it, the one before it, one beside it. */
export type Which = 'the merge' | 'a later commit' | 'the commit before' | 'a commit beside';

/** One deployer with the system behind it, as its users work it. */
export interface Bench {
  readonly name: string;
  /** Looks as the conductor does after a restart: with nothing remembered. */
  deployer(): Deployer;
  delivery(): Delivery;
  sha(which: Which): string;
  /** Resolves when the system itself says so. */
  deploy(which: Which): Promise<void>;
  fail(which: Which): Promise<void>;
  /** What answers for the history of commits is away while `during` runs. */
  blind<T>(during: () => Promise<T>): Promise<T>;
  /** Nothing was ever deployed. */
  reset(): Promise<void>;
}

const production = (facts: Fact<DeliveryFacts>): StageFacts => {
  assert.ok(facts.known, facts.known ? '' : facts.why);
  return facts.value.production;
};

/** What every deployer holds. `skip` names the cases that make no sense for one, each with the reason. */
export function deployerContract(bench: () => Bench, name: string, skip: Readonly<Record<string, string>> = {}): void {
  const holds = (title: string, run: (on: Bench) => Promise<void>) =>
    test(`${name}: ${title}`, { skip: skip[title] ?? false }, async () => {
      await bench().reset();
      await run(bench());
    });
  const observe = (on: Bench) => on.deployer().observe(on.delivery());

  holds('where nothing was deployed nothing is live, and a sentence says what is waited for', async (on) => {
    const facts = await observe(on);
    if (!facts.known) return assert.match(facts.why, /\.$/);
    assert.deepEqual([facts.value.production.live, facts.value.production.failed], [null, null]);
    assert.match(facts.value.production.says, /\.$/);
  });

  holds('the merge itself is live with the change in it', async (on) => {
    await on.deploy('the merge');
    const { live, failed } = production(await observe(on));
    assert.deepEqual([live?.revision, live?.contains, failed], [on.sha('the merge'), true, null]);
  });

  holds('a later commit that is live has the change in it, by its history', async (on) => {
    await on.deploy('a later commit');
    const { live } = production(await observe(on));
    assert.deepEqual([live?.revision, live?.contains], [on.sha('a later commit'), true]);
  });

  for (const which of ['the commit before', 'a commit beside'] as const)
    holds(`${which} is live without the change in it`, async (on) => {
      await on.deploy(which);
      const { live } = production(await observe(on));
      assert.deepEqual([live?.revision, live?.contains], [on.sha(which), false]);
    });

  holds('what was deployed last is live, also where that takes the change back', async (on) => {
    await on.deploy('the merge');
    await on.deploy('the commit before');
    assert.equal(production(await observe(on)).live?.contains, false);
  });

  holds('a deployment of the change that failed is told, with a reason, and is not live', async (on) => {
    await on.deploy('the commit before');
    await on.fail('the merge');
    const { live, failed } = production(await observe(on));
    assert.notEqual(live?.contains, true);
    assert.equal(failed?.revision, on.sha('the merge'));
    assert.ok(failed!.message.length > 0);
  });

  holds('a deployment without the change that failed is no failure of the change', async (on) => {
    await on.fail('a commit beside');
    assert.equal(production(await observe(on)).failed, null);
  });

  holds('a success after the failure is live, and the failure is of the past', async (on) => {
    await on.fail('the merge');
    await on.deploy('a later commit');
    const { live, failed } = production(await observe(on));
    assert.deepEqual([live?.contains, failed], [true, null]);
  });

  holds('asking twice gives the same answer', async (on) => {
    await on.deploy('a later commit');
    const [one, two] = [production(await observe(on)), production(await observe(on))];
    assert.deepEqual(one, two);
  });

  holds('what is in a revision cannot be asked: unknown, and never an error', async (on) => {
    await on.deploy('a later commit');
    const facts = await on.blind(() => observe(on));
    assert.equal(facts.known, false);
    assert.match(facts.known ? '' : facts.why, /could not be told/);
  });
}
