import type { LastWrite } from '../../model/write-stats.ts';
import { WritePulse } from '../write-pulse.ts';
import type { DataSet } from './data-set.ts';
import { type RedisScript, redisScript } from './redis-script.ts';
import { textOf } from './replies.ts';

/**
 * Notes when a writer wrote last, in a field of the data set's own hash: a line for each writer, its name and
 * the time, those that wrote last first. KEYS: meta. ARGV: name, time, how many writers are remembered.
 */
const NOTE: RedisScript = redisScript(
  'allow-oom',
  `
if not redis.call('HGET', KEYS[1], 'schema') then return 0 end
local lines, most = {ARGV[1] .. ' ' .. ARGV[2]}, tonumber(ARGV[3])
for line in string.gmatch(redis.call('HGET', KEYS[1], 'writers') or '', '[^\\n]+') do
  if #lines < most and string.match(line, '^%S*') ~= ARGV[1] then lines[#lines + 1] = line end
end
redis.call('HSET', KEYS[1], 'writers', table.concat(lines, '\\n'))
return 1
`,
);

const MOST_WRITERS = 100;

/** When each writer of the data set wrote last. */
export class WriterRecords {
  readonly #dataSet: DataSet;
  readonly #writer: string;
  readonly #pulse: WritePulse;

  /**
   * @param writer - the name of this store's writer.
   * @param now - the store's clock, in Unix milliseconds.
   */
  constructor(dataSet: DataSet, writer: string | undefined, now: () => number) {
    this.#dataSet = dataSet;
    this.#writer = writer ?? '';
    this.#pulse = new WritePulse(now);
  }

  /** Notes that this writer has written. Never rejects: what was written is acknowledged all the same. */
  async note(method: string): Promise<void> {
    const at = this.#pulse.next();
    if (at === undefined) return;
    const { calls, keys } = this.#dataSet;
    const args = [this.#writer, String(at), String(MOST_WRITERS)];
    // Where this fails, a second later the next write notes it.
    await calls.run(method, NOTE, [keys.meta], args).catch(() => undefined);
  }

  /** All that is noted. */
  async all(): Promise<readonly LastWrite[]> {
    const { calls, keys } = this.#dataSet;
    const reply = await calls.read('lastWrites', keys.meta, ['HGET', keys.meta, 'writers']);
    if (reply === null) return [];
    return textOf(reply)
      .split('\n')
      .map((line) => {
        const [writer, at] = line.split(' ');
        return { writer: writer === '' ? undefined : writer, at: Number(at) };
      })
      .filter(({ at }) => Number.isFinite(at));
  }
}
