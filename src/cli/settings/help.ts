import type { Flag } from './flags.ts';
import { BOOLEAN } from './value-types.ts';

/** What the help of a command begins with. */
export interface HelpHead {
  /** `snapscrape serve [flags]`. */
  readonly usage: string;
  /** What the command does, in a few lines. */
  readonly description: string;
}

/** The text of `--help`. */
export function helpText({ usage, description }: HelpHead, flags: readonly Flag[]): string {
  const lines = flags.map(
    (flag) => `  ${flagText(flag)}\n${wrapped(flag.leaf.help, '      ')}${detailText(flag)}\n`,
  );
  return `Usage: ${usage}

${wrapped(description)}

Flags:
${lines.join('')}  -h, --help
      Shows this text.
  --version
      Shows the version.

${wrapped(ORDER)}
`;
}

const ORDER =
  'A flag goes before its variable of the environment, that before the configuration file, and that ' +
  'before the default. The variable of --log.level is SNAPSCRAPE_LOG_LEVEL, and so on.';

const COLUMNS = 80;

/** A text in lines that a terminal of 80 columns shows whole. */
function wrapped(text: string, indent = ''): string {
  const lines = [''];
  for (const word of text.split(/\s+/)) {
    const line = lines.at(-1)!;
    const longer = line === '' ? indent + word : `${line} ${word}`;
    if (line !== '' && longer.length > COLUMNS) lines.push(indent + word);
    else lines[lines.length - 1] = longer;
  }
  return lines.join('\n');
}

function flagText({ name, leaf }: Flag): string {
  return leaf.type === BOOLEAN ? `--[no-]${name}` : `--${name}=<${leaf.type.name}>`;
}

function detailText(flag: Flag): string {
  const standard = defaultText(flag);
  const parts = [
    flag.isRepeatable ? 'Can be repeated.' : '',
    standard === '' || flag.leaf.type === BOOLEAN ? '' : `Default: ${standard}`,
  ].filter((part) => part !== '');
  return parts.length === 0 ? '' : `\n      ${parts.join(' ')}`;
}

/** The default of a flag as a text; empty if it has none. */
export function defaultText({ leaf, standard }: Flag): string {
  if (standard !== undefined) return standard.map(String).join(',');
  return leaf.default === undefined ? '' : leaf.type.text(leaf.default);
}
