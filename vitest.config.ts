import { availableParallelism } from 'node:os';
import { defineConfig, type ViteUserConfig } from 'vitest/config';

// Packages bring tests of their own.
const INSTALLED = '**/node_modules/**';
const SYSTEM = ['test/conformance/**/*.test.ts', 'test/e2e/**/*.test.ts'];

// `unit` needs Node and git alone, and runs on every supported version of Node. `system` judges what we
// serve with foreign tools; where one is missing, its tests are skipped and say so. Both take the build
// in `dist` as it is: `npm test` builds first.
const config: ViteUserConfig = defineConfig({
  test: {
    // Unasked, Vitest leaves one processor idle: half of what a machine of two has.
    maxWorkers: availableParallelism(),
    reporters: ['default', './scripts/plain-reporter.ts'],
    projects: [
      {
        test: {
          name: 'unit',
          include: ['{src,test,examples,scripts}/**/*.test.ts'],
          exclude: [...SYSTEM, INSTALLED],
          // Only ends what hangs: the machines of CI are small, and shared.
          testTimeout: 30_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: 'system',
          include: SYSTEM,
          exclude: [INSTALLED],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          // Afterwards: a Prometheus and its friends would take the processor from tests of timing.
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});

export default config;
