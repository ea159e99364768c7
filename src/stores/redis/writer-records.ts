import type { LastWrite } from '../../model/write-stats.ts';
import type { UnwrittenCounts, WriteLog } from '../write-log.ts';
import { WritePulse } from '../write-pulse.ts';
import type { DataSet } from './data-set.ts';
import { type RedisScript, redisScript } from './redis-script.ts';
import { optionalTextsOf } from './replies.ts';

/**
 * Notes when a writer wrote last and which points it did not write, in two fields of the data set's
 * own hash. `writers` has a line for each writer, its name and the time, those that wrote last
 * first; `unwritten` has one for each reason and its count. KEYS: meta. ARGV: name, time ('' to
 * leave it), how many writers are remembered, then reasons and counts to add.
 *
 * Returns `unwritten`, or nil if there is no data set.
 */
const NOTE: RedisScript = redisScript(
  'allow-oom',
  `
local found = redis.call('HMGET', KEYS[1], 'schema', 'writers', 'unwritten')
if not found[1] then return false end
if ARGV[2] ~= '' then
  local lines, most = {ARGV[1] .. ' ' .. ARGV[2]}, tonumber(ARGV[3])
  for line in string.gmatch(found[2] or '', '[^\\n]+') do
    if #lines < most and string.match(line, '^%S*') ~= ARGV[1] then lines[#lines + 1] = line end
  end
  redis.call('HSET', KEYS[1], 'writers', table.concat(lines, '\\n'))
end
local unwritten = found[3] or ''
if #ARGV > 3 then
  local counts, lines = {}, {}
  for reason, count in string.gmatch(unwritten, '(%S+) (%d+)') do
    if #count < 16 then counts[reason] = tonumber(count) end
  end
  for i = 4, #ARGV, 2 do counts[ARGV[i]] = (counts[ARGV[i]] or 0) + tonumber(ARGV[i + 1]) end
  for reason, count in pairs(counts) do lines[#lines + 1] = string.format('%s %.0f', reason, count) end
  unwritten = table.concat(lines, '\\n')
  redis.call('HSET', KEYS[1], 'unwritten', unwritten)
end
return unwritten
`,
);

const MOST_WRITERS = 100;

/** When each writer of the data set wrote last, and how many points none of them wrote. */
export class WriterRecords {
  /** How many points were not written, by all processes, as of the latest look. */
  unwritten: UnwrittenCounts = new Map();
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

  /**
   * Notes that this writer has written, and what a log has counted. Never rejects: what was written
   * is acknowledged all the same, and what fails is noted with the next write.
   */
  async note(method: string, log: WriteLog): Promise<void> {
    const at = this.#pulse.next();
    const counts = log.takeUnshared();
    if (at === undefined && counts === undefined) return;
    const { calls, keys } = this.#dataSet;
    const time = at === undefined ? '' : String(at);
    const added = [...(counts ?? [])].flatMap(([reason, count]) => [reason, String(count)]);
    const args = [this.#writer, time, String(MOST_WRITERS), ...added];
    try {
      const reply = await calls.run(method, NOTE, [keys.meta], args);
      if (typeof reply === 'string') {
        this.unwritten = countsOf(reply);
        return;
      }
    } catch {
      // As if there were no data set.
    }
    this.#pulse.forget();
    if (counts !== undefined) log.giveBack(counts);
  }

  /** When each writer wrote last; takes a look at what none of them wrote, too. */
  async all(): Promise<readonly LastWrite[]> {
    const { calls, keys } = this.#dataSet;
    calls.assertOpen('lastWrites');
    const args = ['HMGET', keys.meta, 'writers', 'unwritten'];
    const [writers = '', unwritten] = optionalTextsOf(
      await calls.read('lastWrites', keys.meta, args),
    );
    this.unwritten = countsOf(unwritten);
    return linesOf(writers).map(([writer, at]) => ({ writer: writer || undefined, at }));
  }
}

function countsOf(text: unknown): UnwrittenCounts {
  return new Map(linesOf(typeof text === 'string' ? text : ''));
}

/** A name and a number in each line; lines of another form are left out. */
function linesOf(text: string): [name: string, number: number][] {
  const lines = text.matchAll(/^([^ \n]*) (-?\d{1,16}(?:\.\d*)?)$/gm);
  return Array.from(lines, ([, name, number]) => [name!, Number(number)]);
}
