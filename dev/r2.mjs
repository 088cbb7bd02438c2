// R2 as a Worker sees it, one HTTP round trip a call (why: see d1.mjs).

/** Runs on workerd: what the object is travels in a header, what it holds as the body. */
export const R2_DOOR = `async (request, env) => {
  const { binding, call, args } = JSON.parse(decodeURIComponent(request.headers.get('x-call')));
  if (call === 'put') args.splice(1, 0, await request.arrayBuffer());
  const found = (await env[binding][call](...args)) ?? null;
  const describe = ({ key, version, size, etag, httpEtag, uploaded, httpMetadata, customMetadata, range }) =>
    ({ key, version, size, etag, httpEtag, uploaded, httpMetadata, customMetadata, range });
  const value = call === 'list' ? { ...found, objects: found.objects.map(describe) } : found && describe(found);
  return new Response(found?.body, { headers: { 'x-value': encodeURIComponent(JSON.stringify(value)) } });
}`;

export class R2Bucket {
  #run;

  /** @param send makes a request to the door and resolves to its response */
  constructor(binding, send) {
    this.#run = async (call, args, body) => {
      const headers = { 'x-call': encodeURIComponent(JSON.stringify({ binding, call, args })) };
      const response = await send('/r2', { method: 'POST', headers, body });
      return { value: JSON.parse(decodeURIComponent(response.headers.get('x-value'))), response };
    };
  }

  async put(key, value, options) {
    const body = value instanceof ReadableStream ? await new Response(value).arrayBuffer() : value;
    return asObject((await this.#run('put', [key, options], body ?? '')).value);
  }

  async get(key, options) {
    const { value, response } = await this.#run('get', [key, options]);
    return value && new R2ObjectBody(value, response);
  }

  async head(key) {
    return asObject((await this.#run('head', [key])).value);
  }

  async delete(keys) {
    await this.#run('delete', [keys]);
  }

  async list(options) {
    const { value } = await this.#run('list', [options]);
    return { ...value, objects: value.objects.map(asObject) };
  }
}

function asObject(value) {
  return value && new R2Object(value);
}

class R2Object {
  constructor(value) {
    Object.assign(this, value, { uploaded: new Date(value.uploaded) });
  }
}

class R2ObjectBody extends R2Object {
  #response;

  constructor(value, response) {
    super(value);
    this.#response = response;
  }

  get body() {
    return this.#response.body;
  }

  get bodyUsed() {
    return this.#response.bodyUsed;
  }

  arrayBuffer() {
    return this.#response.arrayBuffer();
  }

  bytes() {
    return this.#response.bytes();
  }

  text() {
    return this.#response.text();
  }

  json() {
    return this.#response.json();
  }
}
