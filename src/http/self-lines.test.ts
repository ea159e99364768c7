import { expect, it } from 'vitest';
import { ownSectionsOf } from '../formats/exposition.ts';
import { offeredFormats } from '../formats/format.ts';
import { NamePlanner } from '../formats/name-planner.ts';
import type { Sample, SelfReport } from './self-families.ts';
import { type SampledFamily, SelfLines } from './self-lines.ts';

// What comes and goes, among it a key that some formats cannot have, and numbers of any length.
const STATES: readonly (readonly Sample[])[] = [
  [[{ of: 'a' }, 1]],
  [[{ of: 'a' }, 23.5]],
  [
    [{ of: 'a' }, Number.NaN],
    [{ of: 'b' }, 1e21],
  ],
  [
    [{ of: 'a' }, 5],
    [{ of: 'b' }, -0],
  ],
  [
    [{ of: 'a' }, 5],
    [{ 'of\0': 'a' }, 7],
  ],
  [
    [{ of: 'a' }, 6],
    [{ 'of\0': 'a' }, 8],
  ],
  [],
  [[{ of: 'ä' }, 2]],
  [[{ of: 'ä' }, 3]],
];

it.each(['gauge', 'counter', 'unknown'] as const)(
  'lines of type %s with other values are those that are written anew, in each format',
  async (type) => {
    let samples: readonly Sample[] = [];
    const name = 'own_total';
    const family: SampledFamily = {
      name,
      metadata: { name, type, help: 'H.' },
      samples: () => samples,
    };
    const plan = await new NamePlanner([family]).plan([], 'allow-utf-8');
    for (const { encoder } of offeredFormats({ openMetrics: true, createdLines: false })) {
      const format = { encoder, plan };
      const sections = ownSectionsOf(family, format);
      const kept = new SelfLines(family, sections, format);
      for (samples of STATES) {
        const anew = new SelfLines(family, sections, format).of({} as SelfReport);
        expect(kept.of({} as SelfReport)).toBe(anew);
      }
    }
  },
);
