import { randomUUID } from 'node:crypto';
import type { Pool } from '#lib/db';
import type { Tokens } from '#lib/llm';

/** What one call cost and whom it is charged to. */
export interface UsageRecord {
  readonly namespace: string;
  readonly task: string;
  readonly taskUid: string;
  readonly agent: string;
  readonly issue: string | null;
  /** As the provider answered, else as it was asked for. */
  readonly model: string;
  /** As it was asked for. */
  readonly asked: string;
  readonly provider: string;
  readonly tokens: Tokens;
  /** The provider's own id of the call. */
  readonly requestId: string;
}

export type RecordUsage = (usage: UsageRecord) => Promise<void>;

/** Writes the usage and the outbox row that tells the conductor, both or neither. */
export function usageRecorder(pool: Pool): RecordUsage {
  return (usage) =>
    pool.transaction(async (tx) => {
      const { tokens } = usage;
      const id = randomUUID();
      await tx.query(
        `INSERT INTO proxy.usage (id, namespace, task, task_uid, agent, issue, model, provider, request_id,
           input_tokens, output_tokens, cache_read_tokens, cache_write_tokens)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
        [
          id,
          usage.namespace,
          usage.task,
          usage.taskUid,
          usage.agent,
          usage.issue,
          usage.model,
          usage.provider,
          usage.requestId,
          tokens.input,
          tokens.output,
          tokens.cacheRead,
          tokens.cacheWrite,
        ],
      );
      await tx.query('INSERT INTO proxy.outbox (id, kind, payload) VALUES ($1, $2, $3)', [
        id,
        'TOKENS_USED',
        JSON.stringify(usage),
      ]);
    });
}
