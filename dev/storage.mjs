// D1, R2 and rate limits of Miniflare, on workerd, laid out on disk as `wrangler --local --persist-to STATE` expects them.
import path from 'node:path';
import { convertV4MiniflareOptions, Miniflare } from 'miniflare';
import { D1_DOOR, D1Database } from './d1.mjs';
import { R2_DOOR, R2Bucket } from './r2.mjs';
import { RATE_LIMIT_DOOR, Ratelimit } from './rate_limit.mjs';

// the Worker on workerd that performs calls on the real bindings for the Python beside it
const DOORS = `
const doors = { '/d1': ${D1_DOOR}, '/r2': ${R2_DOOR}, '/rate-limit': ${RATE_LIMIT_DOOR} };
export default {
  async fetch(request, env) {
    try {
      return await doors[new URL(request.url).pathname](request, env);
    } catch (error) {
      return Response.json({ message: error.message, cause: error.cause?.message }, { status: 500 });
    }
  },
};`;

export async function openStorage(config, state) {
  const databases = config.d1_databases ?? [];
  const buckets = config.r2_buckets ?? [];
  const limits = config.ratelimits ?? [];
  const { workers, ...shared } = convertV4MiniflareOptions({
    workers: [
      {
        name: 'storage',
        modules: [{ type: 'ESModule', path: 'doors.mjs', contents: DOORS }],
        compatibilityDate: config.compatibility_date,
        d1Databases: Object.fromEntries(databases.map((d1) => [d1.binding, d1.database_id])),
        r2Buckets: Object.fromEntries(buckets.map((r2) => [r2.binding, r2.bucket_name])),
        ratelimits: Object.fromEntries(limits.map(({ name, ...limit }) => [name, limit])),
      },
    ],
  });
  const miniflare = new Miniflare({
    ...shared,
    workers,
    host: '127.0.0.1',
    port: 0,
    resourcePersistencePath: path.join(state, 'v3'),
  });
  const base = await miniflare.ready;

  async function send(door, init) {
    const response = await fetch(new URL(door, base), init);
    if (response.ok) return response;
    const { message, cause } = await response.json();
    throw new Error(message, { cause: cause && new Error(cause) });
  }

  const opened = Object.fromEntries(databases.map(({ binding }) => [binding, new D1Database(binding, send)]));
  return {
    usage: () => Object.fromEntries(Object.entries(opened).map(([binding, database]) => [binding, database.usage])),
    bindings: {
      ...opened,
      ...Object.fromEntries(buckets.map(({ binding }) => [binding, new R2Bucket(binding, send)])),
      ...Object.fromEntries(limits.map(({ name }) => [name, new Ratelimit(name, send)])),
    },
    close: () => miniflare.dispose(),
  };
}
