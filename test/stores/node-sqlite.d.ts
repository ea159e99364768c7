// The types of Node 20 do not have this module. Here is as much of it as the driver uses.
declare module 'node:sqlite' {
  type SqlValue = string | number | Uint8Array;

  export interface StatementSync {
    run(...values: SqlValue[]): unknown;
    get(...values: SqlValue[]): unknown;
    all(...values: SqlValue[]): unknown[];
  }

  export class DatabaseSync {
    constructor(path: string, options?: { readOnly?: boolean });
    exec(sql: string): void;
    prepare(sql: string): StatementSync;
    close(): void;
  }
}
