// The Worker's Python: src/ in Pyodide (the release that workerd runs), driven as workerd drives it.
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { loadPyodide } from 'pyodide';

// workerd converts what crosses into and out of a handler in the same way
const GLUE = `
import sys
sys.dont_write_bytecode, sys.pycache_prefix = False, "/session/bytecode"
sys.path[:0] = ["/session/src", "/session/python_modules"]
from entry import Default
from pyodide.ffi import to_js
from workers import python_from_rpc, python_to_rpc

async def call(instance, handler, *args):
    return python_to_rpc(await getattr(instance, handler)(*map(python_from_rpc, args)))

to_js([Default, call], depth=1)
`;

/** Loads src/entry.py afresh and returns its three handlers; `env` may be on its way still. */
export async function loadWorker(root, source, env, log) {
  const line = (text) => process.stderr.write(`${text}\n`);
  const python = await loadPyodide({ env: { TZ: 'UTC' }, stdout: line, stderr: line });
  const bytecode = path.join(source, '../.wrangler/bytecode'); // compiling takes half of a start's time
  mkdirSync(bytecode, { recursive: true });
  const mounts = {
    '/session/src': source,
    '/session/python_modules': path.join(root, 'python_modules'),
    '/session/bytecode': bytecode,
  };
  for (const [mount, folder] of Object.entries(mounts)) {
    python.FS.mkdirTree(mount);
    python.FS.mount(python.FS.filesystems.NODEFS, { root: folder }, mount);
  }
  env = await env;
  // what the SDK finds in workerd; waitUntil needs no patch: `background` takes Python's awaitables as they are
  python.registerJsModule('_pyodide_entrypoint_helper', {
    doAnImport: (name) => import(name),
    cloudflareWorkersModule: { env, waitUntil: (promise) => background(promise, log) },
    cloudflareSocketsModule: {},
    patchWaitUntil() {},
  });
  python.registerJsModule('_cloudflare_compat_flags', {});
  const [Default, call] = python.runPython(GLUE);

  /** One event, one instance of the entrypoint, as on workerd. */
  const invoke = async (handler, ...args) => {
    const instance = Default({ waitUntil: (promise) => background(promise, log) }, env);
    try {
      return await call(instance, handler, ...args);
    } catch (error) {
      log('error', `${handler} raised`, {});
      line(error.message);
      throw error;
    } finally {
      instance.destroy();
    }
  };
  return {
    version: python.version,
    fetch: (request) => invoke('fetch', request),
    queue: (batch) => invoke('queue', batch, undefined, undefined),
    scheduled: (controller) => invoke('scheduled', controller, undefined, undefined),
  };
}

function background(promise, log) {
  // Pyodide destroys what Python passed in when this call returns; the copy lives until it has settled
  Promise.resolve(promise.copy?.() ?? promise).catch((error) =>
    log('error', 'waitUntil raised', { error: error.message }),
  );
}
