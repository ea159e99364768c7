import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startJudge } from '../conformance/judges.ts';
import { type ReadSample, valueBits } from '../conformance/reading.ts';
import { skipWithout, toolPath } from '../support/tools.ts';
import { OPENMETRICS, useExample } from './example.ts';
import { type Prometheus, type QueriedSeries, startPrometheus } from './prometheus.ts';

/** The ways in which Prometheus can scrape, each a job of its own. */
const JOBS: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  default: {},
  'openmetrics-1.0.0': { scrape_protocols: ['OpenMetricsText1.0.0'] },
  'openmetrics-0.0.1': { scrape_protocols: ['OpenMetricsText0.0.1'] },
  'text-1.0.0': { scrape_protocols: ['PrometheusText1.0.0'] },
  'text-0.0.4': { scrape_protocols: ['PrometheusText0.0.4'] },
  legacy: { metric_name_validation_scheme: 'legacy' },
  plain: { enable_compression: false },
};

/** Pages that a Prometheus must complain of, so that its silence about ours means something. */
const BAD_PAGES: Readonly<Record<string, string>> = {
  duplicate: 'a{x="1"} 1\na{x="1"} 2\n',
  unreadable: 'a{x="1" 1\n',
};

describe('a real Prometheus', () => {
  skipWithout('prometheus');
  skipWithout('judge-go');
  const example = useExample();
  let badPages: Server | undefined;
  let prometheus: Prometheus | undefined;

  beforeAll(async () => {
    if (toolPath('prometheus') === undefined) return;
    badPages = createServer((request, response) => {
      response.setHeader('Content-Type', 'text/plain; version=0.0.4');
      response.end(BAD_PAGES[request.url?.slice(1) ?? '']);
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => badPages?.once('listening', resolve));
    const badTarget = `127.0.0.1:${(badPages.address() as AddressInfo).port}`;
    prometheus = await startPrometheus(join(example.folder, 'prometheus'), [
      ...Object.entries(JOBS).map(([name, settings]) => {
        return { name, target: new URL(example.url()).host, settings };
      }),
      ...Object.keys(BAD_PAGES).map((name) => {
        return { name, target: badTarget, settings: { metrics_path: `/${name}` } };
      }),
    ]);
  });

  afterAll(async () => {
    await prometheus?.stop();
    badPages?.closeAllConnections();
    badPages?.close();
  });

  /** Asks again and again until the answer has so many series; Prometheus takes its time. */
  async function queried(expression: string, count: number): Promise<readonly QueriedSeries[]> {
    const deadline = performance.now() + 30_000;
    for (;;) {
      const series = await prometheus!.query(expression);
      if (series.length === count) return series;
      if (performance.now() > deadline) {
        throw new Error(`${expression} has ${series.length} series and not ${count}`);
      }
      await setTimeout(100);
    }
  }

  async function served(): Promise<readonly ReadSample[]> {
    const judge = startJudge('textparse-utf8')!;
    try {
      return (await judge.read(await example.page(OPENMETRICS))).samples;
    } finally {
      judge.close();
    }
  }

  it.each(Object.keys(JOBS))('holds every sample that was served to the job %s', async (job) => {
    const expected = await served();
    const stored = await queried(
      `{job="${job}",__name__=~"git_activity_.+|snapscrape_.+"}`,
      expected.length,
    );
    expect(stored.map(labelsOfStored).sort()).toEqual(expected.map(labelsOfServed).sort());
    // What tells of the exporter itself goes on between two scrapes; the rest stands still.
    const ours = stored.filter(({ metric }) => metric.__name__?.startsWith('git_activity_'));
    expect(ours.map((s) => `${labelsOfStored(s)} ${valueBits(s.value)}`).sort()).toEqual(
      expected
        .filter(isOfGit)
        .map((s) => `${labelsOfServed(s)} ${s.value}`)
        .sort(),
    );
  });

  it('says that each scrape was good and had as many samples as were served', async () => {
    const jobs = Object.keys(JOBS).length;
    const count = (await served()).length;
    await queried(
      `scrape_samples_scraped{job=~"${Object.keys(JOBS).join('|')}"} == ${count}`,
      jobs,
    );
    await queried(`up{job=~"${Object.keys(JOBS).join('|')}"} == 1`, jobs);
    await queried('min_over_time(up{job="default"}[1m]) == 1', 1);
  });

  it('has complained of bad pages and never of ours', async () => {
    await queried('up{job="unreadable"} == 0', 1);
    await queried('scrape_samples_post_metric_relabeling{job="duplicate"} == 2', 1);
    const complaints = prometheus!.log().filter(isComplaint);
    for (const name of Object.keys(BAD_PAGES)) {
      expect(complaints.filter((line) => line.includes(`scrape_pool=${name} `))).not.toEqual([]);
    }
    const bad = new RegExp(`scrape_pool=(${Object.keys(BAD_PAGES).join('|')}) `);
    expect(complaints.filter((line) => !bad.test(line))).toEqual([]);
  });
});

/** Prometheus logs what makes a scrape fail as debug, and what it drops as a warning. */
function isComplaint(line: string): boolean {
  return (
    / level=(WARN|ERROR) /.test(line) || / scrape_pool=.*(err=|[Ff]ail|[Dd]uplicate)/.test(line)
  );
}

function isOfGit({ labels }: ReadSample): boolean {
  return labels[0]?.[1].startsWith('git_activity_') ?? false;
}

/** The labels of a series as one text, whatever their order. */
function labelsText(labels: readonly (readonly [string, string])[]): string {
  return JSON.stringify(labels.map((label) => JSON.stringify(label)).toSorted());
}

function labelsOfServed({ labels }: ReadSample): string {
  return labelsText(labels);
}

function labelsOfStored({ metric }: QueriedSeries): string {
  // These two Prometheus has added.
  return labelsText(Object.entries(metric).filter(([l]) => l !== 'job' && l !== 'instance'));
}
