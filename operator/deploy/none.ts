import { unknown } from '#domain';
import type { Deployer } from './port.ts';

/** Kind `none`, and every kind that this conductor cannot follow: nothing is ever live by it. */
export const none: Deployer = {
  observe: async ({ repository }) => unknown(`Nothing tells what ${repository.spec.deploy.kind} deploys.`),
};
