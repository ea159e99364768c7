import { describe, expect, it } from 'vitest';
import { formatOfBytes, lintExposition, type ParseOptions, RULES, type RuleId } from './index.ts';

async function rulesOf(page: string | Uint8Array, format = 'text'): Promise<RuleId[]> {
  const { findings } = await lintExposition(page, { format });
  return findings.map(({ rule }) => rule);
}

/** A page that keeps all rules but those of one family. */
const page = (name: string, type: string, labels = '', value: number | string = 1): string =>
  `# HELP ${name} A.\n# TYPE ${name} ${type}\n${name}${labels} ${value}\n`;

describe('the linter', () => {
  it('finds nothing in a good page', async () => {
    expect(await rulesOf(page('jobs_total', 'counter', '{queue="a"}'))).toEqual([]);
    const good =
      '# TYPE wait_seconds gauge\n# UNIT wait_seconds seconds\n# HELP wait_seconds W.\nwait_seconds 1\n# EOF\n';
    expect(await rulesOf(good, 'openmetrics')).toEqual([]);
  });

  it.each<[RuleId, string]>([
    ['help_missing', '# TYPE a gauge\na 1\n'],
    ['type_missing', '# HELP a A.\na 1\n'],
    ['base_unit', page('wait_milliseconds', 'gauge')],
    ['base_unit', page('wait_minutes', 'gauge')],
    ['total_suffix', page('jobs', 'counter')],
    ['total_suffix', page('jobs_total', 'gauge')],
    ['reserved_suffix', page('a_count', 'gauge')],
    ['reserved_suffix', page('a_bucket', 'gauge')],
    ['reserved_label_name', page('a', 'gauge', '{le="1"}')],
    ['type_in_name', page('a_gauge', 'gauge')],
    ['colon_in_name', page('a:b', 'gauge')],
    ['camel_case', page('fooBar', 'gauge')],
    ['camel_case', page('a', 'gauge', '{fooBar="1"}')],
    ['abbreviated_unit', page('wait_ms', 'gauge')],
    ['target_label', page('a', 'gauge', '{instance="1"}')],
    ['long_label', page('a', 'gauge', `{l="${'x'.repeat(1025)}"}`)],
    [
      'many_labels',
      page('a', 'gauge', `{${Array.from({ length: 31 }, (_, i) => `l${i}="1"`).join()}}`),
    ],
    ['duplicate_series', `${page('a', 'gauge')}a 2\n`],
    ['counter_value', page('jobs_total', 'counter', '', -1)],
    ['value', page('a', 'gauge', '', 'one')],
  ])('finds %s in a page', async (rule, text) => {
    expect(await rulesOf(text)).toEqual([rule]);
  });

  it('tells the line and the place of a fault, and goes on behind it', async () => {
    const text = `${page('a', 'gauge')}a{l="1} 2\n${page('b', 'gauge', '', 'x')}`;
    const { findings, points } = await lintExposition(text, { format: 'text' });
    expect(findings).toEqual([
      expect.objectContaining({
        rule: 'label_open',
        line: 4,
        column: 5,
        excerpt: 'a{l="1} 2',
        mark: 4,
      }),
      expect.objectContaining({ rule: 'value', line: 7, column: 3, excerpt: 'b x', mark: 2 }),
    ]);
    expect(points).toBe(1);
  });

  it('counts the series of families and the values of labels', async () => {
    const lines = Array.from({ length: 1500 }, (_, i) => `a{user="${i}",kind="${i % 3}"} 1\n`);
    const text = `# HELP a A.\n# TYPE a gauge\n${lines.join('')}${page('b', 'gauge')}`;
    const { families, findings } = await lintExposition(text);
    expect(families).toEqual([
      { name: 'a', type: 'gauge', points: 1500, labels: { user: 1500, kind: 3 } },
      { name: 'b', type: 'gauge', points: 1, labels: {} },
    ]);
    expect(findings.map(({ rule, message }) => [rule, message])).toEqual([
      ['many_values', expect.stringContaining('user has 1500')],
    ]);
  });

  it('counts values of a label to 100 000, and says that there may be more', async () => {
    const lines = Array.from({ length: 100_001 }, (_, i) => `a{user="${i}"} 1\n`);
    const { families, findings } = await lintExposition(lines);
    expect(families[0]!.labels).toEqual({ user: 100_000 });
    expect(findings.find(({ rule }) => rule === 'many_values')!.message).toMatch(
      /: user has at least 100000$/,
    );
  });

  it('tells of timestamps that Prometheus drops', async () => {
    expect(await rulesOf(page('a', 'gauge', '', '1 1000'))).toEqual([
      'sample_timestamp',
      'far_timestamp',
    ]);
    expect(await rulesOf(page('a', 'gauge', '', `1 ${Date.now()}`))).toEqual(['sample_timestamp']);
  });

  it('finds the first reason alone by the rules of Prometheus', async () => {
    const text = 'fooBar 1\na{l="1} 2\nb x\n';
    const { findings } = await lintExposition(text, { rules: 'prometheus' });
    expect(findings).toEqual([expect.objectContaining({ rule: 'label_open' })]);
    expect((await lintExposition('fooBar 1\n', { rules: 'prometheus' })).findings).toEqual([]);
  });

  it('tells the line of a fault behind a label value of many lines', async () => {
    const text = 'a 1\nb{l="x} 2\nc 1\nd 2\ne{l="x"} y\nlast 1\n';
    const { findings } = await lintExposition(text, { rules: 'prometheus' });
    expect(findings).toMatchObject([
      { rule: 'label_value', line: 5, column: 7, excerpt: 'e{l="x"} y', mark: 6 },
    ]);
    const never = await lintExposition('a 1\nb{l="x 2\nc 1\nd 2\n', { rules: 'prometheus' });
    expect(never.findings).toMatchObject([
      { rule: 'label_open', line: 2, column: 5, excerpt: 'b{l="x 2', mark: 4 },
    ]);
    const behind = await lintExposition('b{l="x\ny"} 2\nc x\n', { rules: 'prometheus' });
    expect(behind.findings).toMatchObject([{ rule: 'value', line: 3, column: 3 }]);
  });

  it('takes the metadata of a histogram for that of its lines', async () => {
    const text =
      '# HELP queue_seconds Q.\n# TYPE queue_seconds histogram\nqueue_seconds_bucket{le="1"} 1\n' +
      'queue_seconds_bucket{le="+Inf"} 2\n' +
      page('queue_seconds_gcount', 'gauge') +
      page('queue_seconds_gsum', 'gauge');
    expect(await rulesOf(text)).toEqual([]);
    expect(await rulesOf(`${page('b', 'gauge')}b_bucket 1\n`)).toEqual([
      'help_missing',
      'type_missing',
    ]);
  });

  it('tells where a limit is exceeded', async () => {
    const text = 'a 1\nb 2\nc 3\nd 4\n';
    const placesOf = async (options: ParseOptions): Promise<unknown[]> => {
      const cut = [0, 5, 9, text.length].map((at, i, all) => text.slice(at, all[i + 1]));
      const reports = [
        await lintExposition(text, options),
        await lintExposition(cut.slice(0, 3), options),
      ];
      return reports.map(({ findings }) => {
        const { line, column, excerpt, mark } = findings.find(({ rule }) => rule === 'limit')!;
        return [line, column, excerpt, mark];
      });
    };
    for (const rules of ['specification', 'prometheus', 'tolerant'] as const) {
      expect(await placesOf({ rules, maxBytes: 10 })).toEqual([
        [3, 3, 'c 3', 2],
        [3, 3, 'c 3', 2],
      ]);
      expect(await placesOf({ rules, maxLines: 2 })).toEqual([
        [3, 1, 'c 3', 0],
        [3, 1, 'c 3', 0],
      ]);
    }
    const long = await lintExposition(`a 1\nb{l="${'x'.repeat(50)}"} 1\nc 1\n`, {
      maxLineBytes: 20,
    });
    expect(long.findings.find(({ rule }) => rule === 'limit')).toMatchObject({
      line: 2,
      column: 1,
    });
  });

  it('names the carriage returns of a page that has them', async () => {
    const text = '# HELP a A.\n# TYPE a gauge\r\n\r\na 1\r\na 2 3\r\na{l="1} 1\r\na\r\n';
    expect(await rulesOf(text)).toEqual([
      'type_missing',
      'carriage_return',
      'carriage_return',
      'carriage_return',
      'carriage_return',
      'label_open',
      'value',
    ]);
    const { findings } = await lintExposition('a 1\r\n', { rules: 'prometheus' });
    expect(findings).toMatchObject([{ rule: 'carriage_return', line: 1, column: 4 }]);
    const end = Buffer.from('a 1\r\n# EOF\r\n');
    expect(formatOfBytes(end, end)).toBe('openmetrics');
    expect(await rulesOf(end, 'openmetrics')).toEqual(['carriage_return', 'carriage_return']);
  });

  it('says of each rule what is wrong, what to do and what Prometheus does', () => {
    for (const [id, { severity, reason, remedy, prometheus }] of Object.entries(RULES)) {
      expect(['error', 'warning', 'info'], id).toContain(severity);
      for (const text of [reason, remedy]) expect(text, id).toMatch(/^[A-Z_#`].{10,}[^.]$/);
      expect(prometheus, id).toMatch(/^[A-Z`].{10,}\.$/);
    }
  });
});
