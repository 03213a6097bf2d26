import { Type } from 'typebox';
import { createHook, deleteHook, type HookFields, pingHook, updateHook } from '../model/index.ts';
import { notFound } from '../refusal.ts';
import { renderHook } from '../render/index.ts';
import type { HookRow } from '../store/index.ts';
import { created, noContent, ok, paged } from './answer.ts';
import { type Call, nullable, optional } from './call.ts';
import { deliveryRoutes } from './deliveries.ts';
import { needAdmin } from './repositories.ts';
import type { Routes } from './server.ts';

const Config = Type.Object({
  url: optional(Type.String()),
  content_type: optional(Type.Enum(['json', 'form'])),
  secret: optional(nullable(Type.String())),
  insecure_ssl: optional(Type.Union([Type.String(), Type.Number()])),
});
const Hook = Type.Object({
  name: optional(Type.String()),
  config: optional(Config),
  events: optional(Type.Array(Type.String())),
  add_events: optional(Type.Array(Type.String())),
  remove_events: optional(Type.Array(Type.String())),
  active: optional(Type.Boolean()),
});

export const hookRoutes: Routes = {
  'GET /repos/{owner}/{repo}/hooks': (call) => {
    needAdmin(call);
    const { hooks } = call.ctx.store;
    const where = { repoId: call.repo.id };
    return paged(call, hooks.count(where), (limit, offset) =>
      hooks.find(where, { limit, offset }).map((each) => renderHook(call.ctx, call.repo, each)),
    );
  },
  'POST /repos/{owner}/{repo}/hooks': (call) => {
    needAdmin(call);
    const made = createHook(call.ctx, call.repo, call.user, readHook(call));
    return created(renderHook(call.ctx, call.repo, made));
  },
  'GET /repos/{owner}/{repo}/hooks/{hook_id}': (call) => ok(renderHook(call.ctx, call.repo, hook(call))),
  'PATCH /repos/{owner}/{repo}/hooks/{hook_id}': (call) => {
    const found = hook(call);
    return ok(renderHook(call.ctx, call.repo, updateHook(call.ctx, found, readHook(call, found))));
  },
  'DELETE /repos/{owner}/{repo}/hooks/{hook_id}': (call) => {
    deleteHook(call.ctx, hook(call));
    return noContent;
  },
  'POST /repos/{owner}/{repo}/hooks/{hook_id}/pings': (call) => {
    const found = hook(call);
    call.ctx.store.transaction(() => pingHook(call.ctx, call.repo, found, call.user));
    return noContent;
  },
  ...deliveryRoutes('/repos/{owner}/{repo}/hooks/{hook_id}', hook),
};

function hook(call: Call): HookRow {
  needAdmin(call);
  const found = call.ctx.store.hooks.get(call.id('hook_id'));
  if (found === undefined || found.repoId !== call.repo.id) throw notFound();
  return found;
}

function readHook(call: Call, before?: HookRow): HookFields {
  const { config, events, active, add_events: add = [], remove_events: remove = [] } = call.json(Hook);
  const base = events ?? before?.events;
  const all = base === undefined ? undefined : [...new Set([...base, ...add])].filter((name) => !remove.includes(name));
  return {
    url: config?.url,
    contentType: config?.content_type,
    secret: config?.secret,
    insecureSsl: config?.insecure_ssl === undefined ? undefined : String(config.insecure_ssl),
    events: all,
    active,
  };
}
