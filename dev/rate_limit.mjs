// A rate limit as a Worker sees it, one HTTP round trip a call (why: see d1.mjs).

/** Runs on workerd: counts on the real binding. */
export const RATE_LIMIT_DOOR = `async (request, env) => {
  const { binding, options } = await request.json();
  return Response.json(await env[binding].limit(options));
}`;

export class Ratelimit {
  /** @param send makes a request to the door and resolves to its response */
  constructor(binding, send) {
    this.limit = async (options) =>
      (await send('/rate-limit', { method: 'POST', body: JSON.stringify({ binding, options }) })).json();
  }
}
