// The Worker on this machine: real D1 and R2 (workerd), Python in Pyodide, queues and cron as wrangler.toml says.
// `wrangler dev` cannot start a Python Worker where only package registries are reached: it downloads the interpreter.
import { existsSync, mkdirSync, readFileSync, watch } from 'node:fs';
import path from 'node:path';
import { parseArgs, parseEnv } from 'node:util';
import { parse } from 'smol-toml';
import { provideFonts } from './fonts.mjs';
import { serve } from './http.mjs';
import { loadWorker } from './python.mjs';
import { Broker } from './queues.mjs';
import { openStorage } from './storage.mjs';

const { values: options } = parseArgs({
  options: {
    project: { type: 'string', default: path.join(import.meta.dirname, '..') }, // wrangler.toml and the source it names
    port: { type: 'string', default: '8787' }, // 0 takes a free one
    state: { type: 'string', default: '.wrangler/state' },
    var: { type: 'string', multiple: true, default: [] }, // NAME=VALUE, over [vars] and .dev.vars
    'cron-seconds': { type: 'string', default: '60' }, // 0 is never
    reload: { type: 'boolean', default: false },
    attached: { type: 'boolean', default: false }, // end when standard input closes: whoever started this is gone
  },
});

const DIFFERENCES = `Differs from Cloudflare:
  - no limits on CPU, memory, subrequests or D1 queries; no start-up limit, no snapshot
  - a message's body is JSON only; messages are kept in the state folder and redelivered at once after a crash
  - fetch is Node's: no caching, no loop protection, its own words in error messages
  - one Python isolate for everything; module globals are shared by all requests and consumers
  - cron fires every --cron-seconds, whatever the expression`;

const log = (level, event, fields) =>
  process.stderr.write(`${JSON.stringify({ time: new Date().toISOString(), level, event, ...fields })}\n`);

const root = path.join(import.meta.dirname, '..');
const project = path.resolve(options.project);
const state = path.resolve(options.state);
const config = parse(readFileSync(path.join(project, 'wrangler.toml'), 'utf8'));
const source = path.dirname(path.join(project, config.main));

function variables() {
  const secrets = path.join(project, '.dev.vars');
  const given = options.var.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]);
  const file = existsSync(secrets) ? parseEnv(readFileSync(secrets, 'utf8')) : {};
  return { ...config.vars, ...file, ...Object.fromEntries(given) };
}

mkdirSync(state, { recursive: true });
let worker; // replaced on reload; what runs in the old one ends there
const deliver = (batch) => worker.queue(batch);
const broker = new Broker(path.join(state, 'queues.sqlite'), config.queues.consumers, deliver, log);
const opening = openStorage(config, state);
const env = opening.then(({ bindings }) => ({
  ...variables(),
  ...bindings,
  ...Object.fromEntries(config.queues.producers.map(({ binding, queue }) => [binding, broker.producer(queue)])),
}));
worker = await loadWorker(root, source, env, log).catch(fatal); // while workerd starts
const storage = await opening;
if (storage.bindings.FILES) await provideFonts(path.join(root, 'fonts'), storage.bindings.FILES);
const server = await serve(Number(options.port), (request) => worker.fetch(request), log);
(await env).PUBLIC_URL ??= `http://127.0.0.1:${server.address().port}`; // the port is known only now
broker.start();
const seconds = Number(options['cron-seconds']);
const cron = seconds && setInterval(tick, seconds * 1000);
if (options.reload) reloadOnChange();
if (options.attached) process.stdin.resume().on('close', stop);
for (const signal of ['SIGTERM', 'SIGINT']) process.removeAllListeners(signal).on(signal, stop); // Miniflare's exits at once
process.on('SIGUSR2', () => log('info', 'D1 usage', storage.usage()));
process.on('unhandledRejection', (error) =>
  log('error', 'unhandled rejection', { error: String(error?.message ?? error) }),
);

process.stderr.write(`${DIFFERENCES}\n`);
process.stdout.write(`Ready on http://127.0.0.1:${server.address().port}\n`);

// Node would print the line of minified WebAssembly glue it happened in; the message is Python's whole traceback
function fatal(error) {
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
}

function tick() {
  worker.scheduled(new ScheduledController()).catch(() => {}); // printed where it was raised; the next one comes anyway
}

// an instance of a class, because the Workers SDK turns plain objects into dicts
class ScheduledController {
  cron = config.triggers.crons[0];
  scheduledTime = Date.now();
}

function reloadOnChange() {
  let timer;
  watch(source, { recursive: true }, (_, file) => {
    if (!file || file.includes('__pycache__')) return;
    clearTimeout(timer);
    timer = setTimeout(async () => {
      try {
        worker = await loadWorker(root, source, env, log);
        log('info', 'reloaded', { file });
      } catch (error) {
        process.stderr.write(`${error.message}\nkept the previous version\n`);
      }
    }, 200);
  });
}

let stopping = false;
async function stop() {
  if (stopping) return;
  stopping = true;
  clearInterval(cron);
  server.close();
  server.closeAllConnections();
  await broker.close();
  log('info', 'D1 usage', storage.usage());
  log('info', 'Queue usage', broker.usage);
  await storage.close();
  process.exit(0);
}
