import { describe, expect, it } from 'vitest';
import { bareHandler, pageOf } from '../../test/support/page.ts';
import { Gate, state, statePage } from '../../test/support/scripted-source.ts';
import { turns } from '../../test/support/until.ts';
import type { SnapscrapeError } from '../model/errors.ts';
import { NoDelta, type ReadPart, SourceReader } from '../model/source-read.ts';
import { createCachedSnapshotReader } from './cached-reader.ts';

/** A source that has the inner contract itself. Its public methods must not be asked. */
class OwnSource extends SourceReader {
  value = 1;
  readonly reads: (string | undefined)[] = [];
  parts: (since: string | undefined) => Iterable<ReadPart> = (since) => this.#usual(since);

  snapshot(): never {
    throw new Error('never asked');
  }

  override async *read(since: string | undefined): AsyncGenerator<ReadPart> {
    this.reads.push(since);
    yield* this.parts(since);
  }

  *#usual(since: string | undefined): Generator<ReadPart> {
    yield { kind: 'families', items: [] };
    if (since === undefined) yield { kind: 'points', items: [state(this.value)] };
    else yield { kind: 'events', items: [{ point: state(this.value) }] };
    yield { kind: 'end', resume: `at-${this.value}`, state: `at-${this.value}` };
  }
}

describe('a source with a read of its own', () => {
  it('is read fully once, and then from where it was', async () => {
    const source = new OwnSource();
    const reader = createCachedSnapshotReader(source);
    for (source.value = 1; source.value <= 3; source.value++) {
      await reader.refresh();
      expect(await pageOf(bareHandler(reader))).toBe(statePage(source.value));
    }
    expect(source.reads).toEqual([undefined, 'at-1', 'at-2']);
    expect(reader.cacheStats()).toMatchObject({ deltas: 2, fullRefreshes: 1, fallbacks: 0 });
  });

  it('is read fully in the same refresh if it gives no delta, and nothing staged is left', async () => {
    const source = new OwnSource();
    const reader = createCachedSnapshotReader(source, { onError: () => undefined });
    await reader.refresh();
    const usual = source.parts;
    source.parts = function* (since) {
      if (since === undefined) return yield* usual(since);
      yield { kind: 'events', items: [{ point: { ...state(9), name: 'staged' } }] };
      throw new NoDelta('reset');
    };
    source.value = 2;
    await reader.refresh();
    expect(source.reads).toEqual([undefined, 'at-1', undefined]);
    expect(await pageOf(bareHandler(reader))).toBe(statePage(2));
    expect(reader.cacheStats().fallbacksByReason.reset).toBe(1);
  });

  it('fails the refresh if it refuses even a read that no other one goes on from', async () => {
    const source = new OwnSource();
    source.parts = () => {
      throw new NoDelta('cursor_failed');
    };
    const reader = createCachedSnapshotReader(source, { onError: () => undefined });
    await expect(reader.refresh()).rejects.toMatchObject({ code: 'refresh_failed' });
    expect(source.reads).toHaveLength(2);
  });

  it('is not heard after the end of the refresh', async () => {
    const writes = new Gate();
    const source = new OwnSource();
    source.parts = () => [
      { kind: 'points', items: [state(1)] },
      { kind: 'lastWrites', items: writes.promise },
    ];
    const codes: string[] = [];
    const onError = ({ code }: SnapscrapeError): void => void codes.push(code);
    const reader = createCachedSnapshotReader(source, { onError, sliceBudget: 1000 });
    const refresh = reader.refresh();
    await turns(1);
    reader.close();
    await expect(refresh).rejects.toMatchObject({ code: 'closed' });
    writes.fail(new Error('too late'));
    await turns();
    expect(codes).toEqual(['closed']);
  });

  it('is read fully the next time if it told no end', async () => {
    const source = new OwnSource();
    source.parts = () => [{ kind: 'points', items: [state(source.value)] }];
    const reader = createCachedSnapshotReader(source);
    for (let i = 0; i < 2; i++) await reader.refresh();
    expect(source.reads).toEqual([undefined, undefined]);
    expect(reader.cacheStats()).toMatchObject({ cursor: undefined, fallbacks: 0 });
  });
});
