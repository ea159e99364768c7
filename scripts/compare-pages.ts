import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { baseCheckout } from '../bench/driver/base-checkout.ts';
import { Comparison } from './pages/comparison.ts';
import type { Page } from './pages/page-sink.ts';

// Renders a corpus of sources with a commit and with this checkout, and compares their pages byte
// by byte: `npm run build && node --import tsx scripts/compare-pages.ts <ref> [--large]`. Exits
// with 1 if a page differs that scripts/pages/comparison.ts does not expect to.

const ROOT: string = fileURLToPath(new URL('..', import.meta.url));
const [ref, ...options] = process.argv.slice(2);
if (ref === undefined || ref.startsWith('-') || options.some((option) => option !== '--large')) {
  console.error('usage: node --import tsx scripts/compare-pages.ts <ref> [--large]');
  process.exit(2);
}

const { commit, folder } = baseCheckout(ref);
console.log(`The pages of this checkout against those of ${commit.slice(0, 12)}`);
const [base, head] = [render(folder), render(ROOT)];
const comparison = new Comparison((line) => console.log(line));
let [theirs, ours] = await Promise.all([base.next(), head.next()]);
while (theirs !== undefined && ours !== undefined) {
  comparison.add(theirs, ours);
  [theirs, ours] = await Promise.all([base.next(), head.next()]);
}
const isSound = comparison.finish();
process.exitCode = isSound && theirs === undefined && ours === undefined ? 0 : 1;

/** The pages of one build, made in a process of its own; undefined after the last one. */
function render(checkout: string): { next(): Promise<Page | undefined> } {
  const args = ['--max-old-space-size=8192', '--import', 'tsx', 'scripts/pages/render.ts'];
  const child = spawn(process.execPath, [...args, `${checkout}/dist`, ...options], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  process.once('exit', () => child.kill());
  child.once('exit', (code) => {
    if (code === 0) return;
    console.error(`The process that renders with ${checkout}/dist ended with ${code}`);
    process.exit(1);
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async next() {
      const { done, value } = await lines.next();
      return done === true ? undefined : (JSON.parse(value) as Page);
    },
  };
}
