import { expect, it } from 'vitest';
import { PushError } from '../push/pushed-families.ts';
import { RefusalLog } from '../push/refusal-log.ts';
import { createProgramLogger } from './program-logger.ts';

const LABELS = new Map([
  ['job', 'backup'],
  ['level', 'INFO'],
  ['time', '1970'],
  ['msg', 'Store opened'],
  ['component', 'storage'],
  ['suppressed', '9'],
  ['a\ntime=1970 b', 'x'],
]);

it('takes no label of a client for what the log says itself', () => {
  for (const format of ['logfmt', 'json'] as const) {
    const lines: string[] = [];
    const log = createProgramLogger({ level: 'info', format }, (line) => lines.push(line));
    const refusals = new RefusalLog(log, () => undefined);
    const group = { key: 'k', labels: LABELS };
    refusals.refused(group, new PushError(400, 'duplicate', 'there twice', 3));
    refusals.accepted(group);
    expect(lines).toHaveLength(2);
    for (const line of lines) {
      expect(line).not.toContain('\n');
      expect(line).not.toMatch(
        /(^| |[{,]")(time|level|component|msg|suppressed)"?[=:]"?(1970|INFO job|storage|Store|9)/,
      );
      expect(line).toMatch(/component"?[=:]"?push/);
    }
    expect(lines[0]).toMatch(/level"?[=:]"?WARN/);
  }
});
