import { join } from 'node:path';
import { logError } from '../logging/default-log.ts';
import type { SnapscrapeError } from '../model/errors.ts';
import type { FamilyMetadata } from '../model/family-metadata.ts';
import type { MetricPoint } from '../model/metric-point.ts';
import {
  type Checked,
  checkOptions,
  integerWithin,
  invalidOptions,
  isBoolean,
  isFunction,
  numberWithin,
  oneOf,
} from '../model/options.ts';
import type { SnapshotReader } from '../model/snapshot-reader.ts';
import type { ExposedFamily, ParsingRules } from '../parse/index.ts';
import { callSafely } from '../scheduling/call-safely.ts';
import { PairedRead, type ReadPage } from './paired-read.ts';
import type { ReadFile } from './text-file.ts';

/** How the files of a directory are read. Every field may be left out. */
export interface TextFileOptions {
  /**
   * By which rules a file is read. A file that they reject is left out as a whole. Default
   * `'tolerant'`: only bad lines are left out.
   */
  readonly rules?: ParsingRules | undefined;
  /**
   * How long after its last change a file counts, in ms. Default `Infinity`. Use it so that the
   * numbers of a job that died do not stay for ever.
   */
  readonly retention?: number | undefined;
  /** Whether points may have timestamps. Default false: a file with one is left out. */
  readonly timestamps?: boolean | undefined;
  /** The most bytes of a file. A larger one is left out. Default 64 MiB. */
  readonly maxFileBytes?: number | undefined;
  /** The most lines of a file; see `ParseOptions`. Default 2 million. */
  readonly maxLines?: number | undefined;
  /** The most files. With more of them, a read fails. Default 1 000. */
  readonly maxFiles?: number | undefined;
  /** The clock, in Unix milliseconds, for the retention. Default `Date.now`. */
  readonly now?: (() => number) | undefined;
  /**
   * Called for each file that is left out, or of which lines are, once for each change of that.
   * Default: the log.
   */
  readonly onError?: ((error: SnapscrapeError) => void) | undefined;
  /**
   * Called with the path of a file that `onError` was called for, when all of it is read again.
   * Default: nothing.
   */
  readonly onRecovery?: ((path: string) => void) | undefined;
}

/** The default of every {@link TextFileOptions} field. */
export const TEXT_FILE_DEFAULTS: Checked<TextFileOptions> = Object.freeze({
  rules: 'tolerant',
  retention: Infinity,
  timestamps: false,
  maxFileBytes: 64 * 1024 * 1024,
  maxLines: 2_000_000,
  maxFiles: 1000,
  now: Date.now,
  onError: (error) => logError('text_file_source', error),
  onRecovery: () => undefined,
});

const OWN: readonly ExposedFamily[] = [
  {
    name: 'snapscrape_textfile_mtime_seconds',
    type: 'gauge',
    help: 'When a file with metrics was last changed, in Unix seconds.',
    unit: 'seconds',
  },
  {
    name: 'snapscrape_textfile_error',
    type: 'gauge',
    help: 'Whether a file with metrics was left out: 1 if it cannot be read, else 0.',
  },
  {
    name: 'snapscrape_textfile_skipped_lines',
    type: 'gauge',
    help: 'How many bad lines of a file with metrics were left out.',
  },
];

/**
 * Makes a source of the files `*.prom` of a directory, as node_exporter's textfile collector reads
 * them; also in OpenMetrics 1 and protobuf.
 *
 * A file is read again only if its size, time of change or inode differ; the points of all files
 * are held in memory. A bad file costs only itself. Of each file there are
 * `snapscrape_textfile_mtime_seconds`, `snapscrape_textfile_error` and
 * `snapscrape_textfile_skipped_lines`. `updatedAt` of its points is the time of its change, so of a
 * series in two files the newer one counts. Write another file in the directory and rename it, so
 * that no half of it is read.
 *
 * @throws SnapscrapeError `invalid_options` if an option is wrong. A read fails with `input_failed`
 * if the directory cannot be read or has too many files.
 *
 * @example
 * ```ts
 * await createExporterServer(textFileSource('/var/lib/node_exporter/textfile')).start();
 * ```
 */
export function textFileSource(directory: string, options?: TextFileOptions): SnapshotReader {
  const settings = checkOptions('textFileSource', options, TEXT_FILE_DEFAULTS, {
    rules: oneOf('specification', 'prometheus', 'tolerant'),
    retention: numberWithin(1, Infinity, 'ms'),
    timestamps: isBoolean,
    maxFileBytes: integerWithin(1, 2 ** 31, 'bytes'),
    maxLines: integerWithin(1, Number.MAX_SAFE_INTEGER, 'lines'),
    maxFiles: integerWithin(1, 100_000, 'files'),
    now: isFunction,
    onError: isFunction,
    onRecovery: isFunction,
  });
  if (typeof directory !== 'string' || directory === '') {
    throw invalidOptions('textFileSource', ['directory must be the path of a directory']);
  }
  const files = new TextFiles(directory, settings);
  const pair = new PairedRead((read) => files.read(read?.signal));
  return {
    snapshot: (read) => pair.points(read),
    families: (read) => pair.families(read) as Promise<readonly FamilyMetadata[]>,
  };
}

/** The files of a directory as they were read last. */
class TextFiles {
  readonly #directory: string;
  readonly #options: Checked<TextFileOptions>;
  #files = new Map<string, ReadFile>();

  constructor(directory: string, options: Readonly<TextFileOptions>) {
    this.#directory = directory;
    this.#options = options as Checked<TextFileOptions>;
  }

  async read(signal: AbortSignal | undefined): Promise<ReadPage> {
    // Programs that read no files do not load the parsers.
    const { readTextFile, textFilesIn, troubleOf } = await import('./text-file.ts');
    const names = await textFilesIn(this.#directory, this.#options.maxFiles);
    const files = new Map<string, ReadFile>();
    for (const name of names) {
      signal?.throwIfAborted();
      const before = this.#files.get(name);
      const path = join(this.#directory, name);
      const file = await readTextFile(path, before, {
        ...this.#options,
        signal,
      });
      if (file === undefined) continue;
      files.set(name, file);
      this.#tell(path, troubleOf(path, before), troubleOf(path, file));
    }
    this.#files = files;
    const families = [...files.values()].flatMap(({ exposition }) => exposition?.families ?? []);
    return { families: [...OWN, ...merged(families)], points: this.#points(files) };
  }

  #tell(path: string, before: SnapscrapeError | undefined, now: SnapscrapeError | undefined): void {
    if (now?.message === before?.message) return;
    if (now === undefined) callSafely(this.#options.onRecovery, path);
    else callSafely(this.#options.onError, now);
  }

  *#points(files: ReadonlyMap<string, ReadFile>): Generator<MetricPoint> {
    const oldest = this.#options.now() - this.#options.retention;
    for (const [file, { mtimeMs, exposition, error }] of files) {
      const labels = { file };
      // A time that Node gives is no whole number.
      const updatedAt = Math.floor(mtimeMs);
      yield { name: OWN[1]!.name, labels, value: error === undefined ? 0 : 1 };
      if (mtimeMs > 0) yield { name: OWN[0]!.name, labels, value: mtimeMs / 1000 };
      if (exposition === undefined) continue;
      yield { name: OWN[2]!.name, labels, value: exposition.faultCount };
      if (mtimeMs < oldest) continue;
      for (const point of exposition.points) yield { ...point, updatedAt };
    }
  }
}

/** Families by name; of those in several files the first one counts. */
function merged(families: readonly ExposedFamily[]): readonly ExposedFamily[] {
  const byName = new Map<string, ExposedFamily>();
  for (const family of families) if (!byName.has(family.name)) byName.set(family.name, family);
  return [...byName.values()];
}
