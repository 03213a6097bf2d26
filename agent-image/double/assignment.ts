import type { Assignment } from '#lib/conductor';

/** A complete assignment for tests; `git.baseSHA` must be given where a repository is used. */
export function anAssignment(kind: Assignment['task']['kind'], more: Partial<Assignment> = {}): Assignment {
  return {
    task: {
      namespace: 'team-a',
      name: `i7-${kind}`,
      uid: 'uid-1',
      kind,
      attempt: 1,
      round: 1,
      fence: '1.1',
      deadline: new Date(Date.now() + 3_600_000).toISOString(),
    },
    agent: {
      name: kind === 'review' ? 'Review-E' : 'Dev-E',
      role: kind === 'review' ? 'reviewer' : 'developer',
      character: 'Careful and brief.',
      models: { default: { provider: 'anthropic', model: 'model-1' } },
      caps: { perTaskUSD: null, perSessionUSD: null },
    },
    issue: {
      name: 'i7',
      number: 7,
      tier: kind === 'prepare' ? 'T3' : 'T1',
      url: null,
      title: 'A bug',
      body: 'It is wrong.',
      labels: [],
      taskSpec: null,
    },
    repository: { owner: 'team', name: 'shop', defaultBranch: 'main' },
    git: { path: '/team/shop.git', branch: 'rig/i7/1', baseRef: 'main', baseSHA: '0'.repeat(40), branchSHA: null },
    defaults: {},
    pullRequest: null,
    threads: [],
    feedback: [],
    ...more,
  };
}
