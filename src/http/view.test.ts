import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { Gate, ScriptedSource, state } from '../../test/support/scripted-source.ts';
import { turns } from '../../test/support/until.ts';
import type { ContentCoding } from '../formats/content-coding.ts';
import { NamePlanner } from '../formats/name-planner.ts';
import { textEncoder } from '../formats/text-encoder.ts';
import { providerOf } from '../refresh/snapshot-provider.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import { ReaderForms } from './derived-forms.ts';
import { View } from './view.ts';

/** The view has no metrics of its own. */
function noReport(): never {
  throw new Error('no report is made');
}

/** Two snapshots that follow each other. */
async function snapshots(): Promise<readonly [Snapshot, Snapshot]> {
  const source = new ScriptedSource();
  source.answer = () => [state(source.reads)];
  const provider = providerOf(source);
  return [await provider.current(), await provider.current()];
}

describe('a view whose selection takes its time', () => {
  it('does not go back to an older snapshot that was selected late', async () => {
    const [first, second] = await snapshots();
    const gate = new Gate();
    const shared = new ReaderForms();
    const deflater = shared.deflater(1);
    const select = async (snapshot: Snapshot): Promise<Snapshot> => {
      if (snapshot === first) await gate.promise;
      return snapshot;
    };
    const planner = new NamePlanner([]);
    const parts = {
      shared,
      gzipLevel: 1,
      codings: ['gzip'],
      planner,
      selector: { select },
    } as const;
    const view = new View(parts, textEncoder);
    const late = view.published(first);
    await view.published(second);
    // A short page is compressed by the first scrape.
    expect(deflater.deflated).toBe(0);
    const asked = {
      encoder: textEncoder,
      escaping: 'allow-utf-8',
      codingOf: (): ContentCoding => 'gzip',
    } as const;
    const scraped = (snapshot: Snapshot) => view.readyBody(snapshot, asked, noReport);
    const made = scraped(second)?.parts ?? [];
    expect(gunzipSync(Buffer.concat(made)).toString()).toContain('state 2\n');
    expect(deflater.deflated).toBe(1);
    gate.open();
    await late;
    await turns();
    expect(scraped(first)).toBeUndefined();
    expect(scraped(second)?.parts[0]).toBe(made[0]);
    expect(deflater.deflated).toBe(1);
  });
});
