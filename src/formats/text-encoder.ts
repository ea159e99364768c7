import { type EncodedFamily, type Encoder, escapeHelp, numberSection } from './encoder.ts';

/**
 * Prometheus text 0.0.4, and 1.0.0, which adds quoted names alone: HELP, TYPE, then the lines.
 *
 * It departs from neither. Units have no place in it.
 */
export const textEncoder: Encoder = {
  mediaType: 'text/plain',
  sections: (family) => [numberSection(() => header(family))],
  pageEnd: '',
};

function header({ name, metadata }: EncodedFamily): string {
  const { type = 'gauge', help } = metadata ?? {};
  const helpLine = help === undefined ? '' : `# HELP ${name} ${escapeHelp(help, false)}\n`;
  return `${helpLine}# TYPE ${name} ${type === 'unknown' ? 'untyped' : type}\n`;
}
