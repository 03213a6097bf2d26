// Reads large bodies on a thread of its own, one at a time.
import { parentPort } from 'node:worker_threads';
import { ForgeError } from '#lib/forge';
import { IntakeError, readDelivery, readEnvelope } from './payload.ts';
import type { Answer, Question } from './payloads.ts';

parentPort!.on('message', (question: Question) => parentPort!.postMessage(answer(question)));

function answer({ event, body }: Question): Answer {
  try {
    return { value: event === null ? readEnvelope(body) : readDelivery(event, body) };
  } catch (error) {
    if (error instanceof IntakeError) return { refused: 'intake', code: error.code, message: error.message };
    if (error instanceof ForgeError) return { refused: 'forge', code: error.code, message: error.message };
    throw error;
  }
}
