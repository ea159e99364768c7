import type {
  DeltaEvent,
  FamilyMetadata,
  IncrementalSnapshotReader,
  Many,
  SnapshotDelta,
  SnapshotPoint,
} from '../../src/index.ts';

/** What the next refresh finds its source to do. */
export interface Behaviour {
  /** How a delta is answered. */
  readonly delta:
    | 'sound'
    | 'throws'
    | 'fails_midway'
    | 'reset'
    | 'backwards'
    | 'no_progress'
    | 'garbage'
    | 'no_events';
  /** How many events there are in a batch of a delta. */
  readonly batch: number;
  readonly snapshot: 'sound' | 'throws' | 'half' | 'garbage';
  readonly cursor: 'sound' | 'throws' | 'garbage';
  /** What kind of iterable holds the answers. */
  readonly shape: 'array' | 'iterable' | 'async' | 'promise';
}

/** A source that does what it should. */
export const SOUND: Behaviour = {
  delta: 'sound',
  batch: 1000,
  snapshot: 'sound',
  cursor: 'sound',
  shape: 'array',
};

/** The plainest source there is: a map of what is, and a list of all that happened. */
export class ModelSource implements IncrementalSnapshotReader {
  behaviour: Behaviour = SOUND;
  declared: readonly FamilyMetadata[] = [];
  /** Older points of series, which a snapshot holds beside those that are. */
  readonly duplicates: Map<string, SnapshotPoint> = new Map();
  /** How often each method was called. */
  readonly calls: { snapshot: number; delta: number } = { snapshot: 0, delta: 0 };
  readonly #now = new Map<string, SnapshotPoint>();
  // There is always something behind a cursor that it could go back to.
  readonly #log: DeltaEvent[] = [{ deleted: true, seriesId: 'nothing' }];

  /** Puts a point, sound or not, as the state of a series. */
  put(key: string, point: SnapshotPoint): void {
    this.duplicates.delete(key);
    this.#now.set(key, point);
    this.note({ point });
  }

  /** Ends a series. */
  end(key: string, event: DeltaEvent): void {
    this.duplicates.delete(key);
    this.#now.delete(key);
    this.note(event);
  }

  /** Notes an event that need not be one. */
  note(event: DeltaEvent): void {
    this.#log.push(event);
  }

  families(): readonly FamilyMetadata[] {
    return this.declared;
  }

  snapshotCursor(): string {
    if (this.behaviour.cursor === 'throws') throw new Error('no cursor');
    if (this.behaviour.cursor === 'garbage') return this.#log.length as unknown as string;
    return `log-${this.#log.length}`;
  }

  snapshot(): Many<SnapshotPoint> | Promise<Many<SnapshotPoint>> {
    this.calls.snapshot++;
    const { snapshot, shape } = this.behaviour;
    if (snapshot === 'throws') throw new Error('no snapshot');
    if (snapshot === 'garbage') return 42 as unknown as SnapshotPoint[];
    const points = [...this.#now.values(), ...this.duplicates.values()];
    return shaped(points, shape, snapshot === 'half');
  }

  async snapshotDelta(cursor: string): Promise<SnapshotDelta> {
    this.calls.delta++;
    const { delta, batch, shape } = this.behaviour;
    const from = Number(cursor.replace('log-', ''));
    const to = Math.min(from + batch, this.#log.length);
    const events = await shaped(this.#log.slice(from, to), shape, delta === 'fails_midway');
    const sound = { nextCursor: `log-${to}`, events, more: to < this.#log.length };
    if (delta === 'throws') throw new Error('no delta');
    if (delta === 'reset') return { ...sound, reset: true };
    if (delta === 'backwards') return { ...sound, nextCursor: 'log-0', more: false };
    if (delta === 'no_progress') return { ...sound, nextCursor: cursor, more: true };
    if (delta === 'garbage') return 'garbage' as unknown as SnapshotDelta;
    if (delta === 'no_events') return { ...sound, events: null as unknown as DeltaEvent[] };
    return sound;
  }
}

function shaped<T>(
  items: readonly T[],
  shape: Behaviour['shape'],
  isHalf: boolean,
): Many<T> | Promise<Many<T>> {
  const until = isHalf ? Math.floor(items.length / 2) : items.length;
  function* some(): Generator<T> {
    yield* items.slice(0, until);
    if (isHalf) throw new Error('half of it');
  }
  async function* later(): AsyncGenerator<T> {
    yield* some();
  }
  if (shape === 'async') return later();
  if (shape === 'promise') return Promise.resolve(isHalf ? some() : items);
  return shape === 'array' && !isHalf ? items : some();
}
