import type {
  Awaitable,
  FamilyMetadata,
  IncrementalSnapshotReader,
  Many,
  ReadOptions,
  SnapshotDelta,
  SnapshotPoint,
} from '../../src/index.ts';
import { type Answer, state } from './scripted-source.ts';

/** What an incremental reader can be asked. */
export type Question = 'families' | 'snapshotCursor' | 'snapshot' | 'snapshotDelta';

/** An incremental source with one series, each of whose answers can be replaced by any other. */
export class ScriptedStore implements IncrementalSnapshotReader {
  /** Which state it is in; also the number in its cursor. */
  value = 1;
  /** What it answers instead of the truth. */
  answers: Partial<Record<Question, Answer>> = {};
  /** What it was asked, in order. */
  readonly asked: Question[] = [];
  /** The cursors that it was given, in order. */
  readonly cursors: string[] = [];
  /** The signal of the latest question. */
  signal: AbortSignal | undefined;

  families(options: ReadOptions = {}): Awaitable<Many<FamilyMetadata>> {
    return this.#answer('families', options, () => []) as FamilyMetadata[];
  }

  snapshot(options: ReadOptions = {}): Awaitable<Many<SnapshotPoint>> {
    return this.#answer('snapshot', options, () => [state(this.value)]) as SnapshotPoint[];
  }

  snapshotCursor(options: ReadOptions = {}): Awaitable<string> {
    return this.#answer('snapshotCursor', options, () => this.cursor) as string;
  }

  snapshotDelta(cursor: string, options: ReadOptions = {}): Awaitable<SnapshotDelta> {
    this.cursors.push(cursor);
    const usual = (): SnapshotDelta => ({
      nextCursor: this.cursor,
      events: cursor === this.cursor ? [] : [{ point: state(this.value) }],
    });
    return this.#answer('snapshotDelta', options, usual) as SnapshotDelta;
  }

  /** The cursor of the state as it is. */
  get cursor(): string {
    return `state-${this.value}`;
  }

  #answer(question: Question, options: ReadOptions, usual: Answer): unknown {
    this.asked.push(question);
    this.signal = options.signal;
    return (this.answers[question] ?? usual)(options);
  }
}
