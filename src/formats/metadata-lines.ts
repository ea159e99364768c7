import { metricNameText } from '../model/key/index.ts';

/** The line of HELP; empty without a help. Double quotes are escaped if the format wants that. */
export function helpLine(name: string, help: string | undefined, quotes: boolean): string {
  if (help === undefined) return '';
  const text = help.replace(quotes ? /["\\\n]/g : /[\\\n]/g, (c) =>
    c === '\n' ? '\\n' : `\\${c}`,
  );
  return `# HELP ${metricNameText(name)} ${text}\n`;
}

/** The line of TYPE, with the format's word for the type. */
export function typeLine(name: string, word: string): string {
  return `# TYPE ${metricNameText(name)} ${word}\n`;
}

/** The line of UNIT; empty without a unit. */
export function unitLine(name: string, unit: string | undefined): string {
  return unit === undefined ? '' : `# UNIT ${metricNameText(name)} ${unit}\n`;
}
