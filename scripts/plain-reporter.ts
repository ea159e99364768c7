import type { Reporter, TestModule } from 'vitest/node';

/**
 * Ends a run with what was skipped and why, and with one plain line of totals:
 * `N passed, N failed`.
 *
 * Where `CI` is set a skipped test is a failure: there, everything that a test needs is installed.
 */
export default class PlainReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const totals = countTests(modules);
    // A file that cannot be loaded has no tests that could fail.
    const broken = modules.filter((module) => module.errors().length > 0).length;
    for (const line of skippedLines(modules)) console.log(line);
    const skipped = totals.skipped > 0 ? `, ${totals.skipped} skipped` : '';
    if (skipped !== '' && isCI()) {
      console.log('In CI nothing may be skipped, so this run has failed.');
      process.exitCode = 1;
    }
    console.log(
      `${totals.passed} passed, ${totals.failed + broken + errors.length} failed${skipped}`,
    );
  }
}

function isCI(): boolean {
  return !['', '0', 'false', undefined].includes(process.env.CI);
}

interface Totals {
  passed: number;
  failed: number;
  skipped: number;
}

function countTests(modules: readonly TestModule[]): Totals {
  const totals: Totals = { passed: 0, failed: 0, skipped: 0 };
  for (const module of modules) {
    for (const test of module.children.allTests()) {
      const { state } = test.result();
      // A test that never got its turn, because the run was cut short, has not passed.
      totals[state === 'pending' ? 'failed' : state]++;
    }
  }
  return totals;
}

/** One line for each reason in each file, such as `skipped: a.test.ts (3 tests): go is missing`. */
function skippedLines(modules: readonly TestModule[]): string[] {
  const counts = new Map<string, number>();
  for (const module of modules) {
    for (const test of module.children.allTests('skipped')) {
      const result = test.result();
      const note = result.state === 'skipped' ? result.note : undefined;
      const key = `${module.relativeModuleId}\t${note ?? `${test.fullName} is marked so`}`;
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
  }
  return [...counts].map(([key, count]) => {
    const [suite, note] = key.split('\t');
    return `skipped: ${suite} (${count} ${count === 1 ? 'test' : 'tests'}): ${note}`;
  });
}
