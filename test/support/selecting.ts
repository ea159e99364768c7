import type { Selection } from '../../src/selection/selection.ts';
import { matchersOf } from '../../src/selection/selection.ts';
import { selectionOf } from '../../src/selection/selection-query.ts';
import { SelectionQueue } from '../../src/selection/selection-queue.ts';
import { type SelectedSnapshot, SnapshotSelector } from '../../src/selection/snapshot-selector.ts';
import { needsEngine, PatternEngine } from '../../src/selection/value-pattern.ts';
import type { Snapshot } from '../../src/snapshot/snapshot.ts';

const engine = await PatternEngine.of(undefined);

/** A selector of snapshots, its patterns compiled. */
export function selectorFor(selection: Selection): SnapshotSelector {
  const matchers = matchersOf(selection).filter(needsEngine);
  const patterns = new Map(matchers.map((matcher) => [matcher, engine.compile(matcher)]));
  return new SnapshotSelector(selection, (matcher) => patterns.get(matcher)!, new SelectionQueue());
}

/** The same for what a query selects; it may have patterns. */
export function selectorOf(query: URLSearchParams | string): SnapshotSelector {
  return selectorFor(selectionOf(query, { patterns: true }) ?? []);
}

/** The ids of selected series, in order. */
export function selectedIds({ families }: SelectedSnapshot): string[] {
  const texts = families.flatMap(({ chunks }) => chunks.map(({ text }) => text.toString()));
  const lines = texts.flatMap((text) => text.split('\n').slice(0, -1));
  return lines.map((line) => line.slice(0, line.lastIndexOf(' ')));
}

/** The ids of all series of a snapshot, in order. */
export function allIds({ families }: Snapshot): string[] {
  return families.flatMap(({ chunks }) =>
    chunks.flatMap((chunk) => Array.from({ length: chunk.series }, (_, i) => chunk.id(i))),
  );
}
