import { type Sandbox, SandboxRefusal } from '../sandbox/index.ts';
import { ToolRefusal } from './tool.ts';

/** The part of the sandbox that tools use. */
export type Reach = Pick<Sandbox, 'call'>;

/** What the sandbox would not do as asked goes back to the model; a sandbox that breaks the protocol ends the task. */
export async function asked<T>(call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    throw error instanceof SandboxRefusal ? new ToolRefusal(error.said) : error;
  }
}
