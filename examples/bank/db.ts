import { setImmediate } from 'node:timers/promises';
import { Mutex } from 'async-mutex';

/** What a statement may bind and what a column may hold. */
export type Value = string | number | null;
export type Query = <Row>(sql: string, params?: readonly Value[]) => Promise<Row[]>;

/** One connection to an embedded engine. Both engines take `$1`, `$2`, ... so every statement is written once. */
interface Engine {
  readonly name: string;
  query: Query;
  close(): Promise<void>;
}

/**
 * The bank's database: one in-memory connection, shared by every request.
 *
 * A connection has one transaction at a time, so whoever talks to the engine has the connection to itself: a single
 * statement for its own length, a transaction from BEGIN to COMMIT.
 */
export class Database {
  readonly #engine: Engine;
  readonly #connection = new Mutex();

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  get engine(): string {
    return this.#engine.name;
  }

  query<Row>(sql: string, params: readonly Value[] = []): Promise<Row[]> {
    return this.#connection.runExclusive(() => this.#run<Row>(sql, params));
  }

  /** Commits what `work` wrote through the query function it is given; rolls back if it throws. */
  transaction<Result>(work: (query: Query) => Promise<Result>): Promise<Result> {
    return this.#connection.runExclusive(async () => {
      await this.#run('BEGIN');
      try {
        const result = await work((sql, params) => this.#run(sql, params));
        await this.#run('COMMIT');
        return result;
      } catch (error) {
        await this.#run('ROLLBACK');
        throw error;
      }
    });
  }

  /** The engine works on this very thread: let the event loop serve other requests between two statements. */
  async #run<Row>(sql: string, params?: readonly Value[]): Promise<Row[]> {
    await setImmediate();
    return this.#engine.query<Row>(sql, params);
  }

  close(): Promise<void> {
    return this.#connection.runExclusive(() => this.#engine.close());
  }
}

/** SQLite where Node brings it along (22.13 and later), else PostgreSQL compiled to WebAssembly. */
export async function openDatabase(): Promise<Database> {
  return new Database(openSqlite() ?? (await openPglite()));
}

/** As much of `node:sqlite` as is used here: Node 20 has neither the module nor its types. */
interface Sqlite {
  DatabaseSync: new (path: string) => {
    prepare(sql: string): { all(named: Record<string, Value>): unknown[] };
    close(): void;
  };
}

function openSqlite(): Engine | undefined {
  const sqlite: unknown = process.getBuiltinModule('node:sqlite');
  if (sqlite === undefined) return undefined;

  const database = new (sqlite as Sqlite).DatabaseSync(':memory:');
  type Statement = ReturnType<typeof database.prepare>;
  const prepared = new Map<string, Statement>();
  return {
    name: 'node:sqlite',
    async query<Row>(sql: string, params: readonly Value[] = []) {
      let statement = prepared.get(sql);
      if (statement === undefined) {
        statement = database.prepare(sql);
        prepared.set(sql, statement);
      }
      const named = Object.fromEntries(params.map((value, index) => [`$${index + 1}`, value]));
      return statement.all(named) as Row[];
    },
    async close() {
      database.close();
    },
  };
}

async function openPglite(): Promise<Engine> {
  const { PGlite } = await import('@electric-sql/pglite');
  const database = await PGlite.create();
  return {
    name: 'PGlite',
    async query<Row>(sql: string, params: readonly Value[] = []) {
      return (await database.query<Row>(sql, [...params])).rows;
    },
    close: () => database.close(),
  };
}
