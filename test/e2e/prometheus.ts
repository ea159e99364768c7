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
  /** Evaluates an expression now. */
  query(expression: string): Promise<readonly QueriedSeries[]>;
  /** The lines of its log, debug lines included. */
  log(): readonly string[];
  stop(): Promise<void>;
}

/** Starts a Prometheus that scrapes each second. */
export async function startPrometheus(
  folder: string,
  jobs: readonly ScrapeJob[],
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

/** The part of an answer of the HTTP API that an instant query fills. */
interface Answer {
  readonly status: string;
  readonly data: {
    readonly result: readonly {
      readonly metric: Readonly<Record<string, string>>;
      readonly value: readonly [time: number, value: string];
    }[];
  };
}

function client(process: RunningProcess, url: string): Prometheus {
  return {
    query: async (expression) => {
      const response = await fetch(`${url}/api/v1/query?query=${encodeURIComponent(expression)}`);
      const { status, data } = (await response.json()) as Answer;
      if (status !== 'success') throw new Error(`Prometheus does not answer ${expression}`);
      return data.result.map(({ metric, value }) => ({ metric, value: readNumber(value[1]) }));
    },
    log: () => process.output().split('\n'),
    stop: () => process.stop(),
  };
}

function readNumber(text: string): number {
  return Number(text.replace('Inf', 'Infinity'));
}
