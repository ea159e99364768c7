import type { WriteNote, WriteNotes } from '../driver.ts';
import type { UnwrittenCounts } from '../write-log.ts';
import type { DataSet } from './data-set.ts';
import { type RedisScript, redisScript } from './redis-script.ts';
import { optionalTextsOf, textOf } from './replies.ts';

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

/**
 * Adds a note; returns how many points all processes did not write. Rejects if there is no data
 * set.
 */
export async function addNote({ calls, keys }: DataSet, note: WriteNote): Promise<UnwrittenCounts> {
  const { writer = '', at, unwritten } = note;
  const counts = [...unwritten].flatMap(([reason, count]) => [reason, String(count)]);
  const args = [writer, at === undefined ? '' : String(at), String(MOST_WRITERS), ...counts];
  return new Map(linesOf(textOf(await calls.run('upsert', NOTE, [keys.meta], args))));
}

/** What all processes noted. */
export async function readNotes({ calls, keys }: DataSet): Promise<WriteNotes> {
  const args = ['HMGET', keys.meta, 'writers', 'unwritten'];
  const reply = await calls.read('lastWrites', keys.meta, args);
  const [writers, unwritten] = optionalTextsOf(reply, 2).map(linesOf);
  const lastWrites = writers!.map(([writer, at]) => ({ writer: writer || undefined, at }));
  return { lastWrites, unwritten: new Map(unwritten) };
}

/** A name and a number in each line; lines of another form are left out. */
function linesOf(text = ''): [name: string, number: number][] {
  const lines = text.matchAll(/^([^ \n]*) (-?\d{1,16}(?:\.\d*)?)$/gm);
  return Array.from(lines, ([, name, number]) => [name!, Number(number)]);
}
