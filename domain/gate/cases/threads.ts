import {
  ada,
  bot,
  devE,
  outsider,
  owner,
  pullRequest,
  reader,
  reviewE,
  stranger,
  thread,
} from '../../testing/facts.ts';
import type { GateCase } from '../../testing/gate.ts';

const { complete } = pullRequest();
const gate = 'threads';
const open = { gate, state: 'fail', reason: 'ThreadsOpen' } as const;
const settled = { gate, state: 'pass', reason: 'Passed' } as const;
const untold = { gate, state: 'unknown', reason: 'FactUnknown' } as const;

/** Whose threads are open. */
export const threadCases: readonly GateCase[] = [
  { name: "the reviewer's thread is resolved", ...settled },
  { name: 'no thread at all', pr: { threads: [] }, ...settled },
  { name: "the reviewer's thread is open", pr: { threads: [thread()] }, ...open },
  { name: "the reviewer's thread is open and outdated", pr: { threads: [thread({ outdated: true })] }, ...open },
  { name: "a person's thread is open", pr: { threads: [thread({ by: ada })] }, ...open },
  {
    name: "a person's thread was resolved by that person",
    pr: { threads: [thread({ by: ada, resolved: true, resolvedBy: ada })] },
    ...settled,
  },
  {
    name: "a person's thread was resolved by the developer Agent",
    pr: { threads: [thread({ by: ada, resolved: true, resolvedBy: devE })] },
    ...open,
  },
  {
    name: "a person's thread was resolved by the reviewer Agent",
    pr: { threads: [thread({ by: ada, resolved: true, resolvedBy: reviewE })] },
    ...open,
  },
  { name: "an outsider's thread is open", pr: { threads: [thread({ by: outsider })] }, ...settled },
  { name: "a bot's thread is open", pr: { threads: [thread({ by: bot })] }, ...settled },
  { name: "the author Agent's own thread is open", pr: { threads: [thread({ by: devE })] }, ...settled },
  {
    name: 'a thread of somebody whose permission was not read is open',
    pr: { threads: [thread({ by: stranger })] },
    ...untold,
  },
  { name: 'an open thread without a comment', pr: { threads: [thread({ comments: [] })] }, ...untold },
  {
    name: "an outsider's thread in which a person answered is open",
    pr: {
      threads: [thread({ comments: [...thread({ by: outsider }).comments, ...thread({ by: ada }).comments] })],
    },
    ...settled,
  },
  {
    name: "a person's thread was resolved by another person with write permission",
    pr: { threads: [thread({ by: ada, resolved: true, resolvedBy: owner })] },
    ...open,
  },
  {
    name: "a person's thread was resolved by an outsider",
    pr: { threads: [thread({ by: ada, resolved: true, resolvedBy: outsider })] },
    ...open,
  },
  {
    name: "a person's thread is resolved, and by whom is not told",
    pr: { threads: [thread({ by: ada, resolved: true, resolvedBy: null })] },
    ...untold,
  },
  {
    name: "the reviewer's thread is resolved, and by whom is not told",
    pr: { threads: [thread({ resolved: true, resolvedBy: null })] },
    ...settled,
  },
  {
    name: "the reviewer's thread was resolved by a person",
    pr: { threads: [thread({ resolved: true, resolvedBy: ada })] },
    ...settled,
  },
  {
    name: "the reviewer's thread was reopened after it was resolved",
    pr: { threads: [thread({ resolved: false, resolvedBy: devE })] },
    ...open,
  },
  {
    name: 'a thread of a person who may only read is open',
    pr: { threads: [thread({ by: reader })] },
    ...settled,
  },
  {
    name: 'a thread of somebody whose permission was not read was resolved by the developer Agent',
    pr: { threads: [thread({ by: stranger, resolved: true, resolvedBy: devE })] },
    ...untold,
  },
  {
    name: 'a thread of somebody whose permission was not read was resolved by that person',
    pr: { threads: [thread({ by: stranger, resolved: true, resolvedBy: stranger })] },
    ...settled,
  },
  {
    name: 'a resolved thread without a comment',
    pr: { threads: [thread({ resolved: true, comments: [] })] },
    ...untold,
  },
  {
    name: "the reviewer's thread is open beside one of somebody whose permission was not read",
    pr: { threads: [thread({ by: stranger }), thread({ id: 'thread-2' })] },
    ...open,
  },
  {
    name: 'the open thread is the 150th of 150',
    pr: {
      threads: [
        ...Array.from({ length: 149 }, (_, n) => thread({ id: `thread-${n + 2}`, resolved: true, resolvedBy: devE })),
        thread(),
      ],
    },
    ...open,
  },
  {
    name: 'the pages of threads were not all read',
    pr: { complete: { ...complete, threads: false } },
    ...untold,
  },
];
