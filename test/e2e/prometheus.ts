import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { toolPath } from '../support/tools.ts';
import { type RunningProcess, startProcess } from './process.ts';

/** One job of Prometheus. */
export interface ScrapeJob {
  readonly name: string;
  /** Host and port. */
  readonly target: string;
  /** More lines of the job, as in Prometheus's configuration. */
  readonly settings?: Readonly<Record<string, unknown>>;
}

/** One series of an answer, with its labels and its latest value. */
export interface QueriedSeries {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: number;
}

/** A real Prometheus with a data folder of its own. */
export interface Prometheus {
  /** Where it listens. */
  readonly url: string;
  /** Evaluates an expression now. */
  query(expression: string): Promise<readonly QueriedSeries[]>;
  /** The exemplars of a selector's series between two times in Unix milliseconds. */
  exemplars(selector: string, from: number, to: number): Promise<readonly StoredExemplar[]>;
  /** The types that its targets declare for a family. */
  types(family: string): Promise<readonly string[]>;
  /** The lines of its log, debug lines included. */
  log(): readonly string[];
  stop(): Promise<void>;
}

/** An exemplar as Prometheus keeps it. */
interface StoredExemplar {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: string;
}

/**
 * Starts a Prometheus that scrapes each second.
 *
 * @param flags - more arguments.
 */
export async function startPrometheus(
  folder: string,
  jobs: readonly ScrapeJob[],
  flags: readonly string[] = [],
): Promise<Prometheus> {
  mkdirSync(folder, { recursive: true });
  const config = join(folder, 'prometheus.yml');
  // JSON is YAML.
  writeFileSync(config, JSON.stringify(configuration(jobs)));
  const process = startProcess(toolPath('prometheus')!, [
    `--config.file=${config}`,
    `--storage.tsdb.path=${join(folder, 'data')}`,
    '--web.listen-address=127.0.0.1:0',
    '--log.level=debug',
    ...flags,
  ]);
  try {
    const [, address] = await process.printed(/msg="Listening on".* address=(\S+)/);
    await process.printed(/msg="Server is ready to receive web requests\."/);
    return client(process, `http://${address}`);
  } catch (error) {
    await process.stop();
    throw error;
  }
}

function configuration(jobs: readonly ScrapeJob[]): unknown {
  return {
    global: { scrape_interval: '1s', scrape_timeout: '1s' },
    scrape_configs: jobs.map(({ name, target, settings }) => ({
      job_name: name,
      static_configs: [{ targets: [target] }],
      ...settings,
    })),
  };
}

/** What an instant query returns. */
interface Vector {
  readonly result: readonly {
    readonly metric: Readonly<Record<string, string>>;
    readonly value: readonly [time: number, value: string];
  }[];
}

function client(process: RunningProcess, url: string): Prometheus {
  const ask = async (path: string, parameters: Record<string, string>): Promise<unknown> => {
    const response = await fetch(
      `${url}/api/v1/${path}?${new URLSearchParams(parameters).toString()}`,
    );
    const { status, data } = (await response.json()) as { status: string; data: unknown };
    if (status !== 'success') {
      throw new Error(`Prometheus fails on ${path} ${JSON.stringify(parameters)}`);
    }
    return data;
  };
  return {
    url,
    query: async (query) => {
      const { result } = (await ask('query', { query })) as Vector;
      return result.map(({ metric, value }) => ({ metric, value: readNumber(value[1]) }));
    },
    exemplars: async (query, from, to) => {
      const [start, end] = [String(from / 1000), String(to / 1000)];
      const series = (await ask('query_exemplars', { query, start, end })) as {
        readonly exemplars: readonly StoredExemplar[];
      }[];
      return series.flatMap(({ exemplars }) => exemplars);
    },
    types: async (metric) => {
      const targets = (await ask('targets/metadata', { metric })) as { readonly type: string }[];
      return targets.map(({ type }) => type);
    },
    log: () => process.output().split('\n'),
    stop: () => process.stop(),
  };
}

function readNumber(text: string): number {
  return Number(text.replace('Inf', 'Infinity'));
}
