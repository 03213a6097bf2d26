export { Attester, type Signing } from './attester.ts';
export { type Isolation, Runner } from './runner.ts';
export { Wall } from './wall.ts';
