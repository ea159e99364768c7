import type { ReadOptions, SnapshotPoint, SnapshotReader } from '../../src/index.ts';

/** How a read is answered: with anything at all. */
export type Answer = (options: ReadOptions) => unknown;

/** A point of the series `state`, whose value tells which state of a source was read. */
export function state(value: number): SnapshotPoint {
  return { name: 'state', labels: {}, value, updatedAt: 1 };
}

/** The page of a source in a state. */
export function statePage(value: number): string {
  return `# TYPE state gauge\nstate ${value}\n`;
}

/** A source with one series, whose answers can be replaced by any others. */
export class ScriptedSource implements SnapshotReader {
  /** Which state it is in. */
  value = 1;
  /** How often it was read. */
  reads = 0;
  /** What it answers instead of its state, if anything. */
  answer: Answer | undefined;
  /** The signal of the latest read. */
  signal: AbortSignal | undefined;

  snapshot(options: ReadOptions = {}): SnapshotPoint[] {
    this.reads++;
    this.signal = options.signal;
    return this.answer === undefined
      ? [state(this.value)]
      : (this.answer(options) as SnapshotPoint[]);
  }
}

/** A promise with its handles outside: something to wait for, under the control of a test. */
export class Gate<T = void> {
  readonly promise: Promise<T>;
  /** Lets all that wait go on. */
  open!: (value: T) => void;
  /** Lets all that wait fail. */
  fail!: (error: unknown) => void;

  constructor() {
    this.promise = new Promise<T>((resolve, reject) => {
      this.open = resolve;
      this.fail = reject;
    });
  }
}

/** An answer that never comes. */
export function never(): Promise<never> {
  return new Promise<never>(() => undefined);
}
