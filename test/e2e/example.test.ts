import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { FORMATS } from '../conformance/formats.ts';
import { JUDGES, useJudge } from '../conformance/judges.ts';
import { skipWithout, toolPath } from '../support/tools.ts';
import { AUTHORS, OPENMETRICS, useExample } from './example.ts';

const example = useExample();

describe('npm start', () => {
  it('serves what the repositories hold, up to the end', async () => {
    const text = (await example.page(OPENMETRICS)).body.toString();
    expect(text).toContain('git_activity_commits_total{repo="project",user="Ann"} 1\n');
    expect(text).toContain('user="Bob \\"Back\\\\slash\\" B"');
    expect(text).toMatch(/\n# EOF\n$/);
  });
});

describe.each(JUDGES)('its page, read by %s', (name) => {
  const judge = useJudge(name);

  it.each(FORMATS)('is sound in $name', async (format) => {
    const { error, samples } = await judge.read(await example.page(format));
    expect(error).toBeUndefined();
    const users = new Set(samples.flatMap(({ labels }) => labels.filter(([l]) => l === 'user')));
    expect(new Set([...users].map(([, user]) => user))).toEqual(new Set(AUTHORS));
  });
});

describe('promtool check metrics', () => {
  skipWithout('promtool');

  function check(text: string | Buffer): { readonly status: number | null; readonly said: string } {
    const { status, stdout, stderr } = spawnSync(toolPath('promtool')!, ['check', 'metrics'], {
      input: text,
      encoding: 'utf8',
    });
    return { status, said: `${stdout}${stderr}` };
  }

  it('finds nothing to say of its page', async () => {
    const { body } = await example.page({ accept: 'text/plain; version=0.0.4' });
    expect(check(body)).toEqual({ status: 0, said: '' });
  });

  it('would say so', () => {
    expect(check('# TYPE a_total gauge\na_total 1\n')).toMatchObject({ status: 3 });
    expect(check('a{ 1\n')).toMatchObject({ status: 1 });
  });
});
