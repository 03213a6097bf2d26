export { type Sandbox, SandboxClient } from './client/client.ts';
export { SandboxFailure, type SandboxFailureCode, SandboxRefusal } from './client/failure.ts';
export { type AnswerTo, type Ask, MAX_OUTPUT, MAX_SECONDS } from './protocol/index.ts';
