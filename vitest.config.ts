import { availableParallelism } from 'node:os';
import { defineConfig, type ViteUserConfig } from 'vitest/config';

// Packages bring tests of their own.
const INSTALLED = '**/node_modules/**';
const SYSTEM = ['test/conformance/**/*.test.ts', 'test/e2e/**/*.test.ts'];
// These hold the event loop, fill memory, or replace a module or the clock of the process, so each
// has a process of its own.
const ALONE = ['test/fault/**/*.test.ts', 'src/stores/lmdb/{store-files,transactions}.test.ts'];

// `scripts/node-matrix.sh` leaves out what is the same on every version of Node: documents, the
// structure of sources, and the native library.
const SAME_EVERYWHERE =
  process.env.NODE_MATRIX === undefined
    ? []
    : ['test/docs/**', 'test/architecture/**', '{src/stores/lmdb,test/fault}/**/*lmdb*.test.ts'];

// Only ends what hangs: the machines of CI are small, and shared.
const PATIENCE = {
  testTimeout: 120_000,
  hookTimeout: 120_000,
  expect: { poll: { timeout: 60_000 } },
};

// `unit` and `alone` need Node and git alone, and run on every supported version of Node. `system`
// judges what we serve with foreign tools; if one is missing, its tests are skipped and say so. All take
// the build in `dist` as it is: `npm test` builds first.
const config: ViteUserConfig = defineConfig({
  test: {
    // A third of what the tests take is waiting, so one worker more than there are processors.
    maxWorkers: availableParallelism() + 1,
    reporters: ['default', './scripts/plain-reporter.ts'],
    projects: [
      {
        test: {
          name: 'unit',
          include: ['{src,test,examples,scripts}/**/*.test.ts'],
          exclude: [...SYSTEM, ...ALONE, ...SAME_EVERYWHERE, INSTALLED],
          // Most files take less time than loading the sources once more for them would.
          isolate: false,
          restoreMocks: true,
          ...PATIENCE,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: 'alone',
          include: ALONE,
          exclude: [...SAME_EVERYWHERE, INSTALLED],
          ...PATIENCE,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'system',
          include: SYSTEM,
          exclude: [INSTALLED],
          isolate: false,
          ...PATIENCE,
          // Afterwards: a Prometheus and its friends would take the processor from tests of timing.
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});

export default config;
