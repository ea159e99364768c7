// Measures the stores beside each other, each in a process of its own:
// `node --import tsx bench/stores.ts`.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { count, number, table } from './report/text.ts';
import { LMDB } from './stores/lmdb.ts';
import {
  measureStore,
  STEPS,
  type StepFigures,
  type StoreFigures,
} from './stores/measure-store.ts';
import { MEMORY } from './stores/memory.ts';
import { REDIS } from './stores/redis.ts';
import { REDIS_HASH_PER_SERIES } from './stores/redis-hash-per-series.ts';
import type { StoreSubject } from './stores/store-subject.ts';

const SUBJECTS: readonly StoreSubject[] = [MEMORY, LMDB, REDIS, REDIS_HASH_PER_SERIES];

const USAGE = `node --import tsx bench/stores.ts [options]
  --series=1000000       how many series
  --names=regular        regular or random names of the labels' values
  --only=LmdbStore       stores whose names begin so`;

const { values } = parseArgs({
  options: {
    series: { type: 'string', default: '1000000' },
    names: { type: 'string', default: 'regular' },
    only: { type: 'string', default: '' },
    // The store that this process measures, as it is started by the one that prints the table.
    measure: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
const shape = {
  series: Number(values.series),
  names: values.names === 'random' ? ('random' as const) : ('regular' as const),
};

if (values.help) console.log(USAGE);
else if (values.measure !== undefined) {
  const subject = SUBJECTS.find(({ name }) => name === values.measure);
  if (subject === undefined) throw new Error(`There is no store ${values.measure}`);
  console.log(JSON.stringify(await measureStore(subject, shape)));
} else {
  const subjects = SUBJECTS.filter(({ name }) => name.startsWith(values.only));
  printTable(subjects.map(({ name }) => [name, measuredApart(name)] as const));
}

function measuredApart(name: string): StoreFigures {
  const args = ['--expose-gc', '--import', 'tsx', fileURLToPath(import.meta.url)];
  const options = [`--series=${shape.series}`, `--names=${shape.names}`, `--measure=${name}`];
  const { status, stdout, stderr } = spawnSync(process.execPath, [...args, ...options], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`${name} could not be measured: ${stderr}`);
  return JSON.parse(stdout) as StoreFigures;
}

function printTable(measured: readonly (readonly [string, StoreFigures])[]): void {
  const head = [`${count(shape.series)} series, ${shape.names} names`];
  const cell = ({ series, wallMs, cpuMs, blockMs }: StepFigures): string =>
    `${number(wallMs)} ms, CPU ${number(cpuMs)} ms, block ${number(blockMs)} ms, ${count(Math.round((series / wallMs) * 1000))}/s`;
  const rows = STEPS.map((step) => [step, ...measured.map(([, { steps }]) => cell(steps[step]))]);
  rows.push([
    'bytes a series, after the first write',
    ...measured.map(([, f]) => count(f.bytesPerSeries)),
  ]);
  console.log(table([...head, ...measured.map(([name]) => name)], rows));
}
