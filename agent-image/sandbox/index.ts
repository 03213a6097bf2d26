export { type Sandbox, SandboxClient } from './client/client.ts';
export { SandboxRefusal } from './client/failure.ts';
export { type AnswerTo, MAX_SECONDS } from './protocol/index.ts';
