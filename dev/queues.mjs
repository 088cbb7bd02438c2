// Queues as in production: at least once, up to max_concurrency invocations at a time, and kept over a crash.
// Miniflare's own broker hands out one batch at a time and forgets everything when it stops, so neither a race between
// consumers nor a consumer killed half way could be seen with it.
import { randomUUID } from 'node:crypto';
import { DatabaseSync } from 'node:sqlite';

const LIMITS = { message: 128_000, batch: 256_000, count: 100, delay: 86_400 };

const SCHEMA = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = NORMAL;
  CREATE TABLE IF NOT EXISTS messages (
    id TEXT PRIMARY KEY, queue TEXT NOT NULL, body TEXT NOT NULL, sent_at INTEGER NOT NULL,
    due_at INTEGER NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, leased INTEGER NOT NULL DEFAULT 0
  );
  CREATE INDEX IF NOT EXISTS messages_due ON messages (queue, leased, due_at);
  UPDATE messages SET leased = 0 WHERE leased = 1; -- the process that held them is gone`;

export class Broker {
  #db;
  #log;
  #queues = new Map();
  #usage = { operations: 0, invocations: 0 };

  /** @param deliver runs one invocation: (MessageBatch) => Promise, rejecting when the handler raised */
  constructor(file, consumers, deliver, log) {
    this.#db = new DatabaseSync(file);
    this.#db.exec(SCHEMA);
    this.#log = log;
    for (const settings of consumers) {
      const wake = (name) => this.wake(name);
      this.#queues.set(settings.queue, new Consumer(this.#db, settings, deliver, this.#log, wake, this.#usage));
    }
  }

  /** Starts delivering what an earlier process left. */
  start() {
    for (const consumer of this.#queues.values()) consumer.pump();
  }

  producer(queue) {
    return new WorkerQueue(this.#db, queue, () => this.wake(queue), this.#usage);
  }

  /** What has been used so far, as it is billed: each message written, read and deleted; and consumers started. */
  get usage() {
    return this.#usage;
  }

  wake(queue) {
    this.#queues.get(queue)?.pump();
  }

  /** Takes no new message, waits for the invocations in flight; whatever does not end in time is redelivered. */
  async close() {
    await Promise.all([...this.#queues.values()].map((consumer) => consumer.drain()));
    this.#db.close();
  }
}

/** The binding that the Worker sends with; the Workers SDK recognises it by this name. */
class WorkerQueue {
  #db;
  #queue;
  #wake;
  #usage;

  constructor(db, queue, wake, usage) {
    this.#db = db;
    this.#queue = queue;
    this.#wake = wake;
    this.#usage = usage;
  }

  async send(body, options = {}) {
    return this.sendBatch([{ body, ...options }]);
  }

  async sendBatch(messages, { delaySeconds = 0 } = {}) {
    const now = Date.now();
    const rows = [...messages].map((message) => {
      const delay = message.delaySeconds ?? delaySeconds;
      if (!(delay >= 0 && delay <= LIMITS.delay)) throw new Error(`Queue send failed: invalid delay ${delay} (10202)`);
      return { body: JSON.stringify(message.body), due: now + delay * 1000 };
    });
    const sizes = rows.map((row) => Buffer.byteLength(row.body));
    if (rows.length > LIMITS.count) throw new Error(`Queue sendBatch failed: ${rows.length} messages (10206)`);
    if (Math.max(...sizes) > LIMITS.message) throw new Error('Queue send failed: message over 128 KB (10204)');
    if (sizes.reduce((a, b) => a + b, 0) > LIMITS.batch) throw new Error('Queue sendBatch failed: over 256 KB (10205)');

    const insert = this.#db.prepare('INSERT INTO messages (id, queue, body, sent_at, due_at) VALUES (?, ?, ?, ?, ?)');
    for (const { body, due } of rows) insert.run(randomUUID().replaceAll('-', ''), this.#queue, body, now, due);
    this.#usage.operations += rows.length;
    this.#wake();
    return { metadata: { metrics: await this.metrics() } };
  }

  async metrics() {
    const sql = `SELECT count(*) AS backlogCount, coalesce(sum(length(body)), 0) AS backlogBytes,
      coalesce(min(sent_at), 0) AS oldestMessageTimestamp FROM messages WHERE queue = ?`;
    return { ...this.#db.prepare(sql).get(this.#queue) };
  }
}

/** One [[queues.consumers]] of wrangler.toml: takes what is due, a batch an invocation, and settles each message. */
class Consumer {
  #db;
  #settings;
  #deliver;
  #log;
  #wake;
  #inFlight = new Set();
  #usage;
  #timer;
  #closed = false;

  constructor(db, settings, deliver, log, wake, usage) {
    this.#db = db;
    this.#settings = settings;
    this.#deliver = deliver;
    this.#log = log;
    this.#wake = wake;
    this.#usage = usage;
  }

  pump() {
    clearTimeout(this.#timer);
    const { queue, max_batch_size: size, max_batch_timeout: patience, max_concurrency: concurrency } = this.#settings;
    while (!this.#closed && this.#inFlight.size < concurrency) {
      const rows = this.#db
        .prepare('SELECT * FROM messages WHERE queue = ? AND leased = 0 ORDER BY due_at, rowid LIMIT ?')
        .all(queue, size);
      const due = rows.filter((row) => row.due_at <= Date.now());
      // a batch that is not full waits for more, as long as its first message may wait
      const readyAt = due.length === size ? 0 : due.length ? due[0].due_at + patience * 1000 : rows[0]?.due_at;
      if (readyAt === undefined) return;
      if (readyAt > Date.now()) {
        this.#timer = setTimeout(() => this.pump(), Math.min(readyAt - Date.now(), 2 ** 31 - 1));
        return;
      }
      const run = this.#invoke(due).finally(() => {
        this.#inFlight.delete(run);
        this.pump();
      });
      this.#inFlight.add(run);
    }
  }

  async drain() {
    this.#closed = true;
    clearTimeout(this.#timer);
    await Promise.race([Promise.all(this.#inFlight), new Promise((resolve) => setTimeout(resolve, 30_000).unref())]);
  }

  async #invoke(rows) {
    const lease = this.#db.prepare('UPDATE messages SET leased = 1, attempts = attempts + 1 WHERE id = ?');
    for (const { id } of rows) lease.run(id);
    this.#usage.operations += rows.length;
    this.#usage.invocations += 1;
    const batch = new MessageBatch(this.#settings.queue, rows);
    let failed = false;
    try {
      await this.#deliver(batch);
    } catch (error) {
      failed = true;
      this.#log('error', 'invocation failed, its messages are retried', { queue: batch.queue, kind: error.name });
    }
    // the first word on a message wins; unspoken means ack, or retry when the handler raised
    for (const row of rows) this.#settle(row, batch.verdicts.get(row.id) ?? (failed ? { retry: {} } : {}));
  }

  #settle({ id, attempts }, { retry }) {
    const { max_retries: maximum, retry_delay: pause = 0, dead_letter_queue: deadLetters } = this.#settings;
    if (retry && attempts < maximum) {
      const due = Date.now() + (retry.delaySeconds ?? pause) * 1000;
      this.#db.prepare('UPDATE messages SET leased = 0, due_at = ? WHERE id = ?').run(due, id);
    } else if (retry && deadLetters) {
      const sql = 'UPDATE messages SET queue = ?, leased = 0, attempts = 0, due_at = ? WHERE id = ?';
      this.#db.prepare(sql).run(deadLetters, Date.now(), id);
      this.#usage.operations += 2; // written there, deleted here
      this.#wake(deadLetters);
    } else {
      if (retry) this.#log('warn', 'message dropped after its last retry', { queue: this.#settings.queue, id });
      this.#db.prepare('DELETE FROM messages WHERE id = ?').run(id);
      this.#usage.operations += 1;
    }
  }
}

// instances of a class, because the Workers SDK turns plain objects into dicts, which have no ack()
class Message {
  #say;

  constructor({ id, sent_at, attempts, body }, say) {
    Object.assign(this, { id, timestamp: new Date(sent_at), attempts: attempts + 1, body: JSON.parse(body) });
    this.#say = say;
  }

  ack() {
    this.#say({});
  }

  retry(options = {}) {
    this.#say({ retry: options });
  }
}

class MessageBatch {
  verdicts = new Map();

  constructor(queue, rows) {
    this.queue = queue;
    const say = (id, word) => this.verdicts.has(id) || this.verdicts.set(id, word);
    this.messages = rows.map((row) => new Message(row, (word) => say(row.id, word)));
  }

  ackAll() {
    for (const message of this.messages) message.ack();
  }

  retryAll(options) {
    for (const message of this.messages) message.retry(options);
  }
}
