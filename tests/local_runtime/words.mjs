// What the installed workerd throws at a Worker, as JSON, by name: `fetch` and D1, with nothing of ours between.
import { createServer } from 'node:net';
import { convertV4MiniflareOptions, Miniflare } from 'miniflare';

const server = createServer((socket) => {
  socket.on('error', () => undefined);
  socket.on('data', () => socket.destroy()); // the request has come; no answer leaves, and no TLS is spoken
});
await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
const { port } = server.address();

const WORKER = `
const ADDRESSES = {
  invalid: 'http://', relative: 'nonsense', scheme: 'ftp://a.example/', refused: 'http://127.0.0.1:1/',
  unknown: 'http://nobody.invalid/', dropped: 'http://127.0.0.1:${port}/', untrusted: 'https://127.0.0.1:${port}/',
};
const STATEMENTS = {
  syntax: ['SELEC 1'], missing: ['SELECT * FROM nope'], null: ['INSERT INTO t (a) VALUES (1)'],
  twice: ["INSERT INTO t (a, b) VALUES (1, '')", "INSERT INTO t (a, b) VALUES (1, '')"],
  json: ["SELECT * FROM json_each('{')"], unbound: ['SELECT ?1'], empty: [''], forbidden: ['PRAGMA journal_mode = DELETE'],
  many: ['SELECT ?101'],
};
export default {
  async fetch(_, { DB }) {
    await DB.prepare('CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT NOT NULL)').run();
    const said = async (asked) => { try { await asked(); return null; } catch (error) { return error.message; } };
    const fetched = {}, ran = {};
    const signal = () => AbortSignal.timeout(20000);
    for (const [name, url] of Object.entries(ADDRESSES))
      fetched[name] = await said(() => fetch(url, { method: 'POST', body: 'x', signal: signal() }));
    fetched.late = await said(() => fetch('http://127.0.0.1:${port}/', { signal: AbortSignal.timeout(0) }));
    for (const [name, statements] of Object.entries(STATEMENTS))
      ran[name] = await said(() => DB.batch(statements.map((sql) => DB.prepare(sql))));
    return Response.json({ fetched, ran });
  },
};`;

const { workers, ...shared } = convertV4MiniflareOptions({
  workers: [
    {
      name: 'asked',
      modules: [{ type: 'ESModule', path: 'asked.mjs', contents: WORKER }],
      compatibilityDate: '2026-11-01',
      d1Databases: { DB: 'asked' },
    },
  ],
});
const miniflare = new Miniflare({ ...shared, workers, host: '127.0.0.1', port: 0 });
const answer = await fetch(await miniflare.ready);
process.stdout.write(`\n${await answer.text()}\n`);
await miniflare.dispose();
server.close();
