import type { Context } from '../context.ts';
import type { DeliveryRow, HookRow, RepositoryRow } from '../store/index.ts';
import { repositoryURL } from './repository.ts';

/** OpenAPI `hook`. The secret is never shown again. */
export function renderHook(ctx: Context, repo: RepositoryRow, hook: HookRow) {
  const url = `${repositoryURL(ctx, repo)}/hooks/${hook.id}`;
  const { lastStatusCode: code } = hook;
  const succeeded = code !== null && code >= 200 && code < 300;
  return {
    type: 'Repository',
    id: hook.id,
    name: 'web',
    active: hook.active,
    events: hook.events,
    config: {
      url: hook.url,
      content_type: hook.contentType,
      insecure_ssl: hook.insecureSsl,
      ...(hook.secret === null ? {} : { secret: '********' }),
    },
    created_at: hook.createdAt,
    updated_at: hook.updatedAt,
    url,
    test_url: `${url}/test`,
    ping_url: `${url}/pings`,
    deliveries_url: `${url}/deliveries`,
    last_response: {
      code,
      status: code === null ? 'unused' : succeeded ? 'active' : 'failed',
      message: code === null ? null : succeeded ? 'OK' : `Invalid HTTP Response: ${code}`,
    },
  };
}

/** OpenAPI `hook-delivery-item`. */
export function renderDelivery(delivery: DeliveryRow) {
  const { statusCode } = delivery;
  return {
    id: delivery.id,
    guid: delivery.guid,
    delivered_at: delivery.deliveredAt ?? new Date(delivery.dueAt).toISOString(),
    redelivery: delivery.redelivery,
    duration: delivery.durationSeconds,
    status:
      delivery.pendingHookId !== null
        ? 'pending'
        : statusCode === 0
          ? 'failed to connect to host'
          : statusText(statusCode),
    status_code: statusCode,
    event: delivery.event,
    action: delivery.action,
    installation_id: null,
    repository_id: delivery.repoId,
    throttled_at: null,
  };
}

/** OpenAPI `hook-delivery`: with what was sent and what came back. */
export function renderFullDelivery(delivery: DeliveryRow, hook: HookRow) {
  return {
    ...renderDelivery(delivery),
    url: hook.url,
    request: { headers: delivery.requestHeaders, payload: JSON.parse(delivery.payload) as Record<string, unknown> },
    response: { headers: delivery.responseHeaders, payload: delivery.responseBody },
  };
}

const statusText = (code: number) => (code >= 200 && code < 300 ? 'OK' : `Invalid HTTP Response: ${code}`);
