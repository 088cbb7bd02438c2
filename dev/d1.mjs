// D1 as a Worker sees it, one HTTP round trip a call. Miniflare's own proxies cost Node a blocking round trip for each
// prepare() and bind() as well; statements here stay plain values until they run in the door below, on workerd.

/** Runs on workerd: prepares, binds and runs the statements on the real database. */
export const D1_DOOR = `async (request, env) => {
  const { binding, call, statements } = await request.json();
  const db = env[binding];
  const prepared = statements.map(({ sql, params }) => db.prepare(sql).bind(...params));
  const calls = {
    all: () => prepared[0].all(),
    raw: () => prepared[0].raw({ columnNames: true }),
    batch: () => db.batch(prepared),
    exec: () => db.exec(statements[0].sql),
  };
  return Response.json(await calls[call]());
}`;

// the constructors' names are what the Workers SDK recognises bindings by
export class D1Database {
  #run;
  #usage = { queries: 0, rows_read: 0, rows_written: 0 };

  /** @param send makes a request to the door and resolves to its response */
  constructor(binding, send) {
    this.#run = async (call, statements) => {
      const response = await send('/d1', { method: 'POST', body: JSON.stringify({ binding, call, statements }) });
      const answer = await response.json();
      for (const { meta } of [answer].flat()) this.#count(meta);
      return answer;
    };
  }

  /** What has been used so far, in the units that D1 bills. */
  get usage() {
    return this.#usage;
  }

  #count(meta) {
    if (!meta) return;
    this.#usage.queries += 1;
    this.#usage.rows_read += meta.rows_read;
    this.#usage.rows_written += meta.rows_written;
  }

  prepare(sql) {
    return new D1PreparedStatement(this.#run, sql, []);
  }

  batch(statements) {
    return this.#run('batch', statements);
  }

  exec(sql) {
    return this.#run('exec', [{ sql, params: [] }]);
  }

  // one local database has no replicas to choose from
  withSession() {
    return this;
  }
}

class D1PreparedStatement {
  #run;

  constructor(run, sql, params) {
    this.#run = run;
    this.sql = sql;
    this.params = params;
  }

  bind(...params) {
    return new D1PreparedStatement(this.#run, this.sql, params.map(bindable));
  }

  all() {
    return this.#run('all', [this]);
  }

  run() {
    return this.all();
  }

  async first(column) {
    const [row] = (await this.all()).results;
    if (row && column !== undefined && !(column in row)) throw new Error('D1_COLUMN_NOTFOUND: Column not found');
    return column === undefined ? (row ?? null) : (row?.[column] ?? null);
  }

  async raw({ columnNames = false } = {}) {
    const [names, ...rows] = await this.#run('raw', [this]);
    return columnNames ? [names, ...rows] : rows;
  }
}

/** What JSON would lose silently fails or is converted as D1's own client does. */
function bindable(value) {
  if (value === undefined || typeof value === 'bigint') {
    throw new Error(`D1_TYPE_ERROR: Type '${typeof value}' not supported for value '${value}'`);
  }
  if (value instanceof ArrayBuffer) return Array.from(new Uint8Array(value));
  if (!ArrayBuffer.isView(value)) return value;
  return Array.from(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
}
