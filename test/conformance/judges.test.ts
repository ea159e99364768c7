import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type Judge, useJudge } from './judges.ts';
import type { Exposition } from './reading.ts';

// A judge that accepts whatever it is given proves nothing. Here they judge texts whose verdicts
// are known.

interface Probe {
  readonly format: 'text-0.0.4' | 'openmetrics-1.0';
  readonly input: string;
  readonly prometheus: 'accept' | 'reject';
  readonly python_reference?: 'accept' | 'reject';
}

const CONTENT_TYPES = {
  'text-0.0.4': 'text/plain; version=0.0.4; charset=utf-8',
  'openmetrics-1.0': 'application/openmetrics-text; version=1.0.0; charset=utf-8',
} as const;

const VECTORS = new URL('./vectors/', import.meta.url);
const CORPUS = new URL('openmetrics/', VECTORS);

const PROBES: readonly Probe[] = readFileSync(new URL('parser-probes.jsonl', VECTORS), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Probe);

const GOOD_CASES: readonly string[] = readdirSync(CORPUS, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && !entry.name.startsWith('bad_'))
  .map(({ name }) => name);

/** What the parser lets pass and the scrape loop, which our judge copies, does not. */
const REFUSED_AFTER_PARSING: ReadonlySet<string> = new Set([
  'a{x="1",x="2"} 1\n',
  'a{"__name__"="z"} 1\n',
  'a{__name__="z"} 1\n',
  '{""} 1\n# EOF\n',
  'a{""="1"} 1\n# EOF\n',
]);

async function verdict(judge: Pick<Judge, 'read'>, exposition: Exposition): Promise<string> {
  return (await judge.read(exposition)).error === undefined ? 'accept' : 'reject';
}

function expositionOf({ format, input }: Probe): Exposition {
  return { contentType: CONTENT_TYPES[format], body: Buffer.from(input) };
}

function goodCase(name: string): Exposition {
  const body = readFileSync(new URL(`${name}/metrics`, CORPUS));
  return { contentType: CONTENT_TYPES['openmetrics-1.0'], body };
}

describe('the judge textparse-utf8', () => {
  const judge = useJudge('textparse-utf8');

  it.each(PROBES)('gives the known verdict on $format $input', async (probe) => {
    const expected = REFUSED_AFTER_PARSING.has(probe.input) ? 'reject' : probe.prometheus;
    expect(await verdict(judge, expositionOf(probe))).toBe(expected);
  });

  it.each(GOOD_CASES)('accepts the good case %s', async (name) => {
    expect(await verdict(judge, goodCase(name))).toBe('accept');
  });
});

describe('the judge textparse-legacy', () => {
  const judge = useJudge('textparse-legacy');

  it('refuses a name that only UTF-8 validation allows', async () => {
    const body = Buffer.from('{"a.b"} 1\n# EOF\n');
    const exposition = { contentType: CONTENT_TYPES['openmetrics-1.0'], body };
    const { error } = await judge.read(exposition);
    expect(error).toContain('invalid metric name');
  });
});

describe('the judge expfmt', () => {
  const judge = useJudge('expfmt');

  it.each([
    ['a raw line feed in a label', 'a{x="1\n2"} 1\n# EOF\n'],
    ['a raw quote in help', '# HELP a b"c\na 1\n# EOF\n'],
    ['two spaces', 'a  1\n# EOF\n'],
    ['no end', 'a 1\n'],
    ['text after the end', 'a 1\n# EOF\n\n'],
    ['interleaved families', '# TYPE a gauge\na 1\n# TYPE b gauge\nb 1\na{x="1"} 2\n# EOF\n'],
    ['a counter without _total', '# TYPE a counter\na 1\n# EOF\n'],
  ])('refuses %s', async (_, text) => {
    const exposition = { contentType: CONTENT_TYPES['openmetrics-1.0'], body: Buffer.from(text) };
    expect(await verdict(judge, exposition)).toBe('reject');
  });
});

describe('the judge python', () => {
  const judge = useJudge('python');

  it.each(PROBES.filter((probe) => probe.python_reference !== undefined))(
    'gives the known verdict on $input',
    async (probe) => {
      expect(await verdict(judge, expositionOf(probe))).toBe(probe.python_reference);
    },
  );

  it.each(GOOD_CASES)('accepts the good case %s', async (name) => {
    expect(await verdict(judge, goodCase(name))).toBe('accept');
  });
});
