import { type RedisScript, redisScript } from './redis-script.ts';

// What each script that changes a partition begins with.
// KEYS: state, log, marks, then the buckets it touches. ARGV: token of the call, changes to remember,
// layout, fence of the writer ('0' for none), then its own.
// Answers 'absent', 'layout' or 'fenced' beside what it found instead of doing anything.
const OPENING = `
local state, log, marks = KEYS[1], KEYS[2], KEYS[3]
local token, room = ARGV[1], tonumber(ARGV[2])
local found = redis.call('HMGET', state, 'seq', 'series', 'bytes', 'layout', 'fence')
if not found[1] then return {'absent'} end
if found[4] ~= ARGV[3] then return {'layout', found[4]} end
local fence = tonumber(found[5] or '0')
if fence ~= 0 and tonumber(ARGV[4]) < fence then return {'fenced', found[5]} end
local seq, series, bytes = tonumber(found[1]), tonumber(found[2]), tonumber(found[3])
local before = seq
local entry, noted, notedBytes = {'t', token}, 0, 0
local function digits(number) return string.format('%.0f', number) end
local function flush()
  if noted == 0 then return end
  seq = seq + noted
  redis.call('XADD', log, digits(seq) .. '-0', unpack(entry))
  entry, noted, notedBytes = {'t', token}, 0, 0
end
local function note(id, text)
  entry[#entry + 1] = id
  entry[#entry + 1] = text
  noted = noted + 1
  notedBytes = notedBytes + #id
  if noted >= 64 or notedBytes > 65536 then flush() end
end
local function finish()
  flush()
  if seq == before then return end
  if seq > room then redis.call('XTRIM', log, 'MINID', '=', digits(seq - room)) end
  redis.call('HSET', state, 'seq', digits(seq), 'series', digits(series), 'bytes', digits(bytes))
end
`;

/**
 * Makes an empty partition where there is none. What is left under its keys is removed: without its state
 * nobody can tell what it belongs to.
 *
 * KEYS: state, log, marks, all buckets. ARGV: token, layout, fence.
 */
export const CREATE: RedisScript = redisScript(
  '',
  `
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
redis.call('UNLINK', unpack(KEYS))
redis.call('HSET', KEYS[1], 'seq', '1', 'series', '0', 'bytes', '0', 'layout', ARGV[2])
if ARGV[3] ~= '0' then redis.call('HSET', KEYS[1], 'fence', ARGV[3]) end
redis.call('XADD', KEYS[2], '1-0', 't', ARGV[1])
return 1
`,
);

/**
 * Writes samples. ARGV: the most series that the partition may have; the numbers of the buckets in KEYS;
 * then runs of samples of one bucket: the bucket's place in KEYS (from 1 on, after the three), how many
 * samples, and the id and text of each.
 *
 * Answers 'ok' and a letter for each sample: a(dded), c(hanged), u(nchanged), o(lder), f(ull).
 */
export const UPSERT: RedisScript = redisScript(
  '',
  `${OPENING}
local most = tonumber(ARGV[5])
local outcomes, oldest = {}, {}
local i = 6 + #KEYS - 3
while i <= #ARGV do
  local place, count = tonumber(ARGV[i]), tonumber(ARGV[i + 1])
  local key, ids = KEYS[3 + place], {}
  for j = 1, count do ids[j] = ARGV[i + 2 * j] end
  local known = redis.call('HMGET', key, unpack(ids))
  -- What an earlier sample of the run has made of a series.
  local written, fields = {}, {}
  for j = 1, count do
    local id, text = ids[j], ARGV[i + 2 * j + 1]
    local stored = written[id] or known[j]
    local outcome
    if stored == text then
      outcome = 'u'
    else
      local time = tonumber(string.match(text, '^%S+'))
      if not stored then
        if series >= most then
          outcome = 'f'
        else
          outcome = 'a'
          series = series + 1
          bytes = bytes + #id
        end
      else
        local was = tonumber(string.match(stored, '^%S+'))
        if time < was then outcome = 'o'
        elseif time == was and string.match(text, '%S+$') == string.match(stored, '%S+$') then outcome = 'u'
        else outcome = 'c' end
      end
      if outcome == 'a' or outcome == 'c' then
        written[id] = text
        fields[#fields + 1] = id
        fields[#fields + 1] = text
        note(id, text)
        if not oldest[place] or time < oldest[place] then oldest[place] = time end
      end
    end
    outcomes[#outcomes + 1] = outcome
  end
  if #fields > 0 then redis.call('HSET', key, unpack(fields)) end
  i = i + 2 + 2 * count
end
finish()
local fields, places = {}, {}
for place in pairs(oldest) do
  places[#places + 1] = place
  fields[#fields + 1] = 'l' .. ARGV[5 + place]
end
if #fields > 0 then
  local known, lower = redis.call('HMGET', marks, unpack(fields)), {}
  for i, place in ipairs(places) do
    if not known[i] or oldest[place] < tonumber(known[i]) then
      lower[#lower + 1] = fields[i]
      lower[#lower + 1] = string.format('%.17g', oldest[place])
    end
  end
  if #lower > 0 then redis.call('HSET', marks, unpack(lower)) end
end
return {'ok', table.concat(outcomes)}
`,
);

/**
 * Ends series. ARGV: for each series the place of its bucket in KEYS (from 1 on, after the three) and its id.
 *
 * Answers 'ok' and how many series there were.
 */
export const END: RedisScript = redisScript(
  'allow-oom',
  `${OPENING}
local ended = 0
for i = 5, #ARGV, 2 do
  local id = ARGV[i + 1]
  if redis.call('HDEL', KEYS[3 + tonumber(ARGV[i])], id) == 1 then
    series = series - 1
    bytes = bytes - #id
    ended = ended + 1
    note(id, '')
  end
end
finish()
return {'ok', tostring(ended)}
`,
);

/**
 * Ends what is beyond its retention in a slice of one bucket. ARGV: now, the general retention ('' for
 * ever), the bucket's number, where to go on ('0' to begin), about how many series to look at, the earliest
 * end of life that was seen in the bucket ('' for none), a name for these retentions, the token of this
 * sweep of the bucket, then metric names and their retentions.
 *
 * What a sweep found is noted only if no other began with the bucket meanwhile: what was written behind the
 * place of the first is known to the second alone. Who began last has seen all that is not marked as new.
 *
 * Answers 'ok', where to go on ('0' at the end), how many were ended, and the earliest end of life.
 */
export const SWEEP: RedisScript = redisScript(
  'allow-oom',
  `${OPENING}
local bucket, now, number = KEYS[4], tonumber(ARGV[5]), ARGV[7]
local general = tonumber(ARGV[6]) or math.huge
local earliest = tonumber(ARGV[10]) or math.huge
local unfinished = '?' .. ARGV[12] .. ':'
local named = {}
for i = 13, #ARGV, 2 do named[ARGV[i]] = tonumber(ARGV[i + 1]) or math.huge end
if ARGV[8] == '0' then
  redis.call('HDEL', marks, 'l' .. number)
  -- Until the last slice is done the bucket counts as not looked at.
  redis.call('HSET', marks, 'd' .. number, unfinished)
end
local page = redis.call('HSCAN', bucket, ARGV[8], 'COUNT', ARGV[9])
local items, ended = page[2], 0
for i = 1, #items, 2 do
  local id, time = items[i], tonumber(string.match(items[i + 1], '^%S+'))
  local life = named[string.match(id, '^[^{]+')] or general
  if now - time > life then
    if redis.call('HDEL', bucket, id) == 1 then
      series = series - 1
      bytes = bytes - #id
      ended = ended + 1
      note(id, '')
    end
  elseif time + life < earliest then
    earliest = time + life
  end
end
finish()
local text = earliest == math.huge and '' or string.format('%.17g', earliest)
if page[1] == '0' and redis.call('HGET', marks, 'd' .. number) == unfinished then
  redis.call('HSET', marks, 'd' .. number, ARGV[11] .. ':' .. text)
end
return {'ok', page[1], tostring(ended), text}
`,
);

/**
 * Lets no writer write from here on that has a lower fence. KEYS: state. ARGV: the fence, and `lower` to
 * remove it, if it is still that one.
 *
 * Answers the fence that stands there now; '0' for none.
 */
export const FENCE: RedisScript = redisScript(
  'allow-oom',
  `
if redis.call('EXISTS', KEYS[1]) == 0 then return '0' end
local fence = tonumber(redis.call('HGET', KEYS[1], 'fence') or '0')
if ARGV[2] == 'lower' then
  if fence == tonumber(ARGV[1]) then redis.call('HDEL', KEYS[1], 'fence') end
elseif tonumber(ARGV[1]) > fence then
  redis.call('HSET', KEYS[1], 'fence', ARGV[1])
end
return redis.call('HGET', KEYS[1], 'fence') or '0'
`,
);

const HEAD_OF_LOG = `
local function headOf(log)
  local last = redis.call('XREVRANGE', log, '+', '-', 'COUNT', '1')[1]
  if not last then return '0', '' end
  return string.match(last[1], '^%d+'), last[2][2]
end
`;

/**
 * Where a partition is. KEYS: state, log. Answers the sequence number and token of the last change ('0' and
 * '' before any), how many series there are, the bytes of their ids, and the layout ('' where there is none).
 */
export const HEAD: RedisScript = redisScript(
  'no-writes',
  `${HEAD_OF_LOG}
local seq, token = headOf(KEYS[2])
local found = redis.call('HMGET', KEYS[1], 'series', 'bytes', 'layout')
return {seq, token, found[1] or '0', found[2] or '0', found[3] or ''}
`,
);

/**
 * Reads buckets, or a slice of one. KEYS: log, the buckets. ARGV: how many series a bucket may have to be
 * read at once; where to go on within the one bucket ('' for not); about how many series make a slice; then
 * sequence numbers and tokens that must be in the log.
 *
 * Answers 'ok' or 'torn', the last change as HEAD does, where to go on ('' for nowhere), the places of the
 * buckets that are too large to be read at once, and the samples: a line for each id and one for its text. No
 * id has a line feed in it.
 */
export const READ: RedisScript = redisScript(
  'no-writes',
  `${HEAD_OF_LOG}
local log, most, from = KEYS[1], tonumber(ARGV[1]), ARGV[2]
for i = 4, #ARGV, 2 do
  local entry = redis.call('XRANGE', log, ARGV[i] .. '-0', ARGV[i] .. '-0')[1]
  if not entry or entry[2][2] ~= ARGV[i + 1] then return {'torn'} end
end
local seq, token = headOf(log)
local parts, large, after = {}, {}, ''
local function add(items)
  if #items > 0 then parts[#parts + 1] = table.concat(items, '\\n') end
end
if from ~= '' then
  local page = redis.call('HSCAN', KEYS[2], from, 'COUNT', ARGV[3])
  add(page[2])
  after = page[1]
else
  for i = 2, #KEYS do
    if redis.call('HLEN', KEYS[i]) > most then large[#large + 1] = tostring(i - 2)
    else add(redis.call('HGETALL', KEYS[i])) end
  end
end
return {'ok', seq, token, after, table.concat(large, ' '), table.concat(parts, '\\n')}
`,
);
