import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { check } from '../../src/cli/check-command.ts';
import { RULES } from '../../src/parse/index.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { REPOSITORY } from '../support/tools.ts';

const read = (file: string): string => readFileSync(join(REPOSITORY, 'docs', file), 'utf8');

/** The block of code behind a mark of docs/check.md. */
function block(mark: string): string {
  const found = new RegExp(`<!-- check: ${mark} -->\\n\\n\`\`\`text\\n([\\s\\S]*?)\`\`\``).exec(
    read('check.md'),
  );
  expect(found, mark).not.toBeNull();
  return found![1]!;
}

async function printed(args: readonly string[]): Promise<string> {
  let text = '';
  const out = (part: string): void => {
    text += part;
  };
  await check(args, { out, error: out, input: (async function* () {})(), isColored: false });
  return text;
}

describe('docs/check.md', () => {
  it('shows what the program prints of its page', async () => {
    const { file, remove } = temporaryFolder({ 'metrics.prom': block('page') });
    onTestFinished(remove);
    const text = await printed([file('metrics.prom')]);
    expect(text.replaceAll(file('metrics.prom'), 'metrics.prom')).toBe(block('transcript'));
    expect(text.match(/^metrics|^\/.*:\d+:\d+: /gm)).toHaveLength(10);
  });

  it('shows the options', async () => {
    expect(await printed(['--help'])).toBe(block('usage'));
  });
});

describe('docs/parsing.md', () => {
  it('says of each rule what the program says', () => {
    const list = read('parsing.md').split('<!-- check: rules -->')[1]!;
    const items = list
      .split(/^- /m)
      .slice(1)
      .map((item) => item.trim().replace(/\s+/g, ' '));
    expect(items).toEqual(
      Object.entries(RULES).map(
        ([id, { severity, reason, remedy, prometheus }]) =>
          `\`${id}\` (${severity}): ${reason}. _To do:_ ${remedy}. _Prometheus:_ ${prometheus}`,
      ),
    );
  });
});
