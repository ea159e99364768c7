import { randomUUID } from 'node:crypto';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { applyCommit } from '../../src/stores/apply-commit.ts';
import type {
  Commit,
  Committed,
  DriverChanges,
  DriverFrame,
  Entries,
  Payload,
  StoreDriver,
} from '../../src/stores/driver.ts';

// `changes` has each series once, at its latest change. `state` has the number of series, and the
// latest change that was forgotten.
const SCHEMA = `
  PRAGMA journal_mode = WAL;
  PRAGMA busy_timeout = 5000;
  CREATE TABLE IF NOT EXISTS series (key BLOB PRIMARY KEY, value BLOB, time BLOB) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS changes (number INTEGER PRIMARY KEY AUTOINCREMENT, key BLOB UNIQUE);
  CREATE TABLE IF NOT EXISTS records (name TEXT PRIMARY KEY, text TEXT) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS state (epoch TEXT, series INTEGER, forgotten INTEGER);
`;
const HEAD = `SELECT epoch, series, forgotten,
  coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'changes'), 0) AS head FROM state`;
const PAGE = 2_000;

interface Head {
  readonly epoch: string;
  readonly series: number;
  readonly forgotten: number;
  readonly head: number;
}

interface Row {
  readonly number: number;
  readonly key: Uint8Array;
  readonly value: Uint8Array | null;
  readonly time: Uint8Array | null;
}

/** A driver over a file of SQLite. Several processes may open it. */
export class SqliteDriver implements StoreDriver {
  readonly limits = { keyBytes: 1_000_000, payloadBytes: 0, commit: 1_000 };
  readonly #path: string;
  readonly #room: number;
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  /** @param room - how many changes are remembered. */
  constructor(path: string, room = 100_000) {
    this.#path = path;
    this.#room = room;
    this.#database = new DatabaseSync(path);
    this.#database.exec(SCHEMA);
    const insert = 'INSERT INTO state SELECT ?, 0, 0 WHERE NOT EXISTS (SELECT 1 FROM state)';
    this.#sql(insert).run(randomUUID());
  }

  head(): string {
    return cursorOf(headOf(this.#database));
  }

  commit(commit: Commit): Committed {
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      const committed = this.#apply(commit);
      this.#database.exec('COMMIT');
      return committed;
    } catch (error) {
      this.#database.exec('ROLLBACK');
      throw error;
    }
  }

  frame(): DriverFrame {
    // A connection of its own: its transaction sees one state while others write.
    const database = new DatabaseSync(this.#path, { readOnly: true });
    database.exec('BEGIN');
    const cursor = cursorOf(headOf(database));
    const rows = database.prepare('SELECT name, text FROM records').all() as {
      name: string;
      text: string;
    }[];
    const records = new Map(rows.map(({ name, text }) => [name, text]));
    return { cursor, records, pages: pagesOf(database), close: () => database.close() };
  }

  changes(cursor: string, most: number): DriverChanges | 'lost' {
    const state = headOf(this.#database);
    const from = Number(cursor.slice(state.epoch.length + 1));
    if (cursor !== cursorOf({ ...state, head: from })) return 'lost';
    if (!(from >= state.forgotten && from <= state.head)) return 'lost';
    const rows =
      this.#sql(`SELECT number, key, value, time FROM changes LEFT JOIN series USING (key)
      WHERE number > ? ORDER BY number LIMIT ?`).all(from, most + 1) as Row[];
    const more = rows.length > most;
    const taken = rows.slice(0, most);
    const head = more ? taken.at(-1)!.number : state.head;
    return { entries: entriesOf(taken), next: cursorOf({ ...state, head }), more };
  }

  close(): void {
    this.#database.close();
  }

  #apply(commit: Commit): Committed {
    const get = this.#sql('SELECT value, time FROM series WHERE key = ?');
    const put = this.#sql('INSERT OR REPLACE INTO series VALUES (?, ?, ?)');
    const end = this.#sql('DELETE FROM series WHERE key = ?');
    const log = this.#sql('INSERT OR REPLACE INTO changes (key) VALUES (?)');
    let { series } = headOf(this.#database);
    const read = (key: string): { payload: Payload; time: number } | undefined => {
      const row = get.get(Buffer.from(key)) as Row | undefined;
      return row && { payload: numberOf(row.value!), time: numberOf(row.time!) };
    };
    const committed = applyCommit(
      {
        get size() {
          return series;
        },
        get: read,
        put(key, { payload, time }) {
          if (read(key) === undefined) series++;
          put.run(Buffer.from(key), bytesOf(Number(payload)), bytesOf(time));
          log.run(Buffer.from(key));
        },
        end(key) {
          series--;
          end.run(Buffer.from(key));
          log.run(Buffer.from(key));
        },
      },
      commit,
    );
    const record = this.#sql('INSERT OR REPLACE INTO records VALUES (?, ?)');
    const remove = this.#sql('DELETE FROM records WHERE name = ?');
    for (const [name, text] of commit.records ?? []) {
      if (text === undefined) remove.run(name);
      else record.run(name, text);
    }
    const { head, forgotten } = headOf(this.#database);
    const oldest = Math.max(forgotten, head - this.#room);
    this.#sql('DELETE FROM changes WHERE number <= ?').run(oldest);
    this.#sql('UPDATE state SET series = ?, forgotten = ?').run(series, oldest);
    return committed;
  }

  #sql(text: string): StatementSync {
    const statement = this.#statements.get(text) ?? this.#database.prepare(text);
    this.#statements.set(text, statement);
    return statement;
  }
}

function headOf(database: DatabaseSync): Head {
  return database.prepare(HEAD).get() as Head;
}

function cursorOf({ epoch, head }: Head): string {
  return `${epoch}:${head}`;
}

function* pagesOf(database: DatabaseSync): Generator<Entries> {
  const next = database.prepare('SELECT * FROM series WHERE key > ? ORDER BY key LIMIT ?');
  for (let last: Uint8Array | undefined = new Uint8Array(); last !== undefined; ) {
    const rows = next.all(last, PAGE) as Row[];
    yield entriesOf(rows);
    last = rows.at(-1)?.key;
  }
}

function entriesOf(rows: readonly Row[]): Entries {
  return {
    keys: rows.map(({ key }) => Buffer.from(key).toString()),
    payloads: rows.map(({ value }) => (value === null ? undefined : numberOf(value))),
    times: rows.map(({ time }) => (time === null ? 0 : numberOf(time))),
  };
}

// SQLite has no NaN and makes 0 of -0. Its texts end at a NUL.
function bytesOf(value: number): Uint8Array {
  return new Uint8Array(Float64Array.of(value).buffer);
}

function numberOf(bytes: Uint8Array): number {
  return new Float64Array(bytes.slice().buffer)[0]!;
}
