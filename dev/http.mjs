// The HTTP door: Node's server in front of the Worker's fetch handler, streaming both ways.
import { createServer } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

export function serve(port, handle, log) {
  const server = createServer(async (incoming, outgoing) => {
    const chunks = incoming.iterator({ destroyOnReturn: false });
    try {
      await answer(await handle(toRequest(incoming, chunks)), incoming, outgoing);
    } catch (error) {
      // the handler's own traceback is printed already; a reader that went away is no error of ours
      if (outgoing.destroyed) return;
      if (outgoing.headersSent) return outgoing.destroy();
      log('error', 'request failed', { method: incoming.method, url: incoming.url, kind: error.name });
      outgoing.writeHead(500, { 'content-type': 'text/plain' }).end('error code: 1101\n');
    } finally {
      // what the handler left unread: a client reads its answer only when it has written everything
      while (!(await chunks.next().catch(() => ({ done: true }))).done);
    }
  });
  server.requestTimeout = 0;
  server.keepAliveTimeout = 0; // while Python works, nobody reads: an idle connection would be reset under its caller
  return new Promise((resolve, reject) => {
    server.once('error', reject).listen(port, '127.0.0.1', () => resolve(server));
  });
}

function toRequest(incoming, chunks) {
  const headers = new Headers();
  const raw = incoming.rawHeaders; // name, value, name, value, …
  for (let i = 0; i < raw.length; i += 2) headers.append(raw[i], raw[i + 1]);
  // Cloudflare's front says these itself, whatever a client sends
  headers.set('cf-connecting-ip', incoming.socket.remoteAddress);
  headers.delete('cf-ray');
  const hasBody = 'content-length' in incoming.headers || 'transfer-encoding' in incoming.headers;
  return new Request(`http://${incoming.headers.host ?? 'localhost'}${incoming.url}`, {
    method: incoming.method,
    headers,
    ...(hasBody && !['GET', 'HEAD'].includes(incoming.method) && { body: stream(chunks), duplex: 'half' }),
  });
}

function stream(chunks) {
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await chunks.next();
      if (done) controller.close();
      else controller.enqueue(new Uint8Array(value)); // workerd knows no Buffer
    },
  });
}

async function answer(response, incoming, outgoing) {
  outgoing.statusCode = response.status;
  for (const [name, value] of response.headers) if (name !== 'set-cookie') outgoing.setHeader(name, value);
  if (response.headers.getSetCookie().length) outgoing.setHeader('set-cookie', response.headers.getSetCookie());
  if (!response.body || incoming.method === 'HEAD') {
    outgoing.end();
  } else {
    await pipeline(Readable.fromWeb(response.body), outgoing);
  }
}
