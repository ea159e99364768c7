import { CONTENT, OPENING, RIGHTS } from './lua-parts.ts';
import { type RedisScript, redisScript } from './redis-script.ts';

/**
 * Ends what is beyond its retention in a slice of one bucket. ARGV: now, the general retention (''
 * for ever), the bucket's number, where to go on ('0' to begin), about how many series to look at,
 * the earliest end of life that was seen in the bucket ('' for none), a name for these retentions,
 * the token of this sweep of the bucket, then for each family with a retention of its own the id of
 * its series without labels, what its other ids begin with, and the retention.
 *
 * What a sweep found is noted only if no other began with the bucket meanwhile: what was written
 * behind the place of the first is known to the second alone. The last to begin has seen all that
 * is not marked as new.
 *
 * Returns 'ok', where to go on ('0' at the end), how many were ended, and the earliest end of life.
 */
export const SWEEP: RedisScript = redisScript(
  'allow-oom',
  `${OPENING}
local bucket, now, number = KEYS[4], tonumber(ARGV[5]), ARGV[7]
local general = tonumber(ARGV[6]) or math.huge
local earliest = tonumber(ARGV[10]) or math.huge
local unfinished = '?' .. ARGV[12] .. ':'
local isFirst = ARGV[8] == '0'
local mark = isFirst and unfinished or redis.call('HGET', marks, 'd' .. number)
local lives, lengths = {}, {}
for i = 13, #ARGV, 3 do
  local bare, start, life = ARGV[i], ARGV[i + 1], tonumber(ARGV[i + 2]) or math.huge
  lives[bare] = life
  if not lengths[#start] then lengths[#start] = {} end
  lengths[#start][start] = life
end
local function lifeOf(id)
  local life = lives[id]
  for length, starts in pairs(lengths) do life = life or starts[string.sub(id, 1, length)] end
  return life or general
end
local page = redis.call('HSCAN', bucket, ARGV[8], 'COUNT', ARGV[9])
local items, seen, ends = page[2], {}, {}
for i = 1, #items, 2 do
  local id, text = items[i], items[i + 1]
  local time, _, _, owner = timeOf(text)
  local life = lifeOf(id)
  -- What is no sample has no time: it is not ours to end. A group ends as a whole.
  if owner ~= '' then
  elseif time and now - time > life then
    if not seen[id] then
      seen[id] = true
      drop(id, text)
      if #ends == 0 or #ends[#ends] >= 1000 then ends[#ends + 1] = {} end
      table.insert(ends[#ends], id)
    end
  elseif time and time + life < earliest then
    earliest = time + life
  end
end
finish()
for _, ids in ipairs(ends) do redis.call('HDEL', bucket, unpack(ids)) end
local text = earliest == math.huge and '' or string.format('%.17g', earliest)
if isFirst then
  redis.call('HDEL', marks, 'l' .. number)
  -- Until the last slice is done the bucket counts as not looked at.
  redis.call('HSET', marks, 'd' .. number, unfinished)
end
if page[1] == '0' and mark == unfinished then
  redis.call('HSET', marks, 'd' .. number, ARGV[11] .. ':' .. text)
end
return {'ok', page[1], tostring(ended), text}
`,
);

/**
 * Notes that all buckets were swept since the marks were lost. KEYS and ARGV as above. Returns
 * 'ok'.
 */
export const MARK: RedisScript = redisScript(
  'allow-oom',
  `${OPENING}
redis.call('HSET', marks, 'k', '1')
finish()
return {'ok'}
`,
);

/**
 * Corrects the number of series, when buckets were lost by eviction or `DEL`, or others wrote to
 * them. The log does not tell of that, so it begins again: every reader reads everything.
 *
 * KEYS: state, log, marks, all buckets. Returns 'ok' and how many series there are.
 */
export const RECOUNT: RedisScript = redisScript(
  'allow-oom',
  `${OPENING}
local found = 0
for i = 4, #KEYS do found = found + redis.call('HLEN', KEYS[i]) end
if found ~= series then
  bytes = series > 0 and math.floor(bytes * found / series) or 64 * found
  series = found
  isLogBroken = true
end
finish()
return {'ok', digits(found)}
`,
);

/**
 * Counts series. KEYS: state, all buckets. Returns how many the state says there are ('' for none),
 * and how many there are.
 */
export const COUNT: RedisScript = redisScript(
  'no-writes',
  `${CONTENT}
local seq, series = read(KEYS[1])
local found = 0
for i = 2, #KEYS do found = found + redis.call('HLEN', KEYS[i]) end
return {seq and digits(series) or '', digits(found)}
`,
);

/**
 * Looks whether a writer could write. KEYS: state, log, marks, all buckets. ARGV: the key of the
 * lock that writers need ('' for none). Fails if a key has another type.
 *
 * Returns the server's policy for a full memory ('' where the user may not ask), the commands that
 * readers need and the user may not use, those that writers need, and how many writers need.
 */
const PROBE_BODY = `${RIGHTS}${CONTENT}
local unread, unwritten, count = {}, {}, 0
local function need(lacking, ...)
  if not may(...) then lacking[#lacking + 1] = (...) end
end
local function needToWrite(...)
  count = count + 1
  need(unwritten, ...)
end
need(unread, 'HGET', KEYS[1], 'a')
need(unread, 'HMGET', KEYS[1], 'a')
need(unread, 'HLEN', KEYS[4])
need(unread, 'HGETALL', KEYS[4])
need(unread, 'HSCAN', KEYS[4], '0')
need(unread, 'XRANGE', KEYS[2], '-', '+')
need(unread, 'XREVRANGE', KEYS[2], '+', '-')
needToWrite('HSET', KEYS[1], 'a', '1')
needToWrite('HDEL', KEYS[3], 'a')
needToWrite('XADD', KEYS[2], 'MINID', '=', '1', '1-0', 't', '1')
needToWrite('UNLINK', KEYS[2])
if ARGV[1] ~= '' then
  needToWrite('GET', ARGV[1])
  needToWrite('SET', ARGV[1], 'a', 'PX', '1')
  needToWrite('EXISTS', ARGV[1])
  needToWrite('DEL', ARGV[1])
end
local policy = ''
if may('INFO', 'memory') then
  policy = string.match(redis.call('INFO', 'memory'), 'maxmemory_policy:(%S+)') or ''
end
if #unread == 0 then
  read(KEYS[1])
  headOf(KEYS[2])
  redis.call('HGET', KEYS[3], 'k')
  for i = 4, #KEYS do redis.call('HLEN', KEYS[i]) end
end
return {policy, table.concat(unread, ' '), table.concat(unwritten, ' '), tostring(count)}
`;

/**
 * Looks whether a writer could write, as far as it takes no write to find out; runs on replicas
 * too.
 */
export const PROBE: RedisScript = redisScript('no-writes', PROBE_BODY);

/** The same as a script that writes: the server refuses it where it refuses writes. */
export const PROBE_WRITING: RedisScript = { ...redisScript('', PROBE_BODY), isWrite: false };
