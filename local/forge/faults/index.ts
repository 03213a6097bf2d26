export { afterwards, before, Cut, Failure, secondaryLimit } from './apply.ts';
export { chance } from './chance.ts';
export { Faults } from './faults.ts';
export { withoutRecent } from './stale.ts';
