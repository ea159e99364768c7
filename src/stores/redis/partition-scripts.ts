import { CONTENT, OPENING, RIGHTS } from './lua-parts.ts';
import { type RedisScript, redisScript } from './redis-script.ts';

/**
 * Makes the state of a partition if it has no sound one. Series that are in its buckets stay: the
 * state was lost, by eviction or `DEL`. The log begins with the making then, but not at 1: the
 * first number says that nothing was there before.
 *
 * KEYS: state, log, marks, all buckets. ARGV: token, layout, fence. Returns 'ok', or 'forbidden' as
 * above.
 */
export const MAKE: RedisScript = redisScript(
  'allow-oom',
  `${RIGHTS}${CONTENT}
if read(KEYS[1]) then return {'ok'} end
if not may('HSET', KEYS[1], 'seq', '1') then return {'forbidden', 'HSET'} end
if not may('UNLINK', KEYS[2]) then return {'forbidden', 'UNLINK'} end
if not may('XADD', KEYS[2], '1-0', 't', '1') then return {'forbidden', 'XADD'} end
headOf(KEYS[2])
redis.call('HGET', KEYS[3], 'k')
local series = 0
for i = 4, #KEYS do series = series + redis.call('HLEN', KEYS[i]) end
local seq = series == 0 and '1' or '2'
redis.call('HSET', KEYS[1], 'seq', seq, 'series', digits(series), 'bytes', digits(64 * series), 'layout', ARGV[2])
if ARGV[3] ~= '0' then redis.call('HSET', KEYS[1], 'fence', ARGV[3]) end
redis.call('UNLINK', KEYS[2])
redis.call('XADD', KEYS[2], seq .. '-0', 't', ARGV[1])
if series == 0 then redis.call('HSET', KEYS[3], 'k', '1') end
return {'ok'}
`,
);

/**
 * Writes samples. ARGV: the most series that the partition may have; the numbers of the buckets in
 * KEYS; then runs of samples of one bucket: the bucket's place in KEYS (from 1 on, after the
 * three), how many samples, and the id and text of each. A text that begins with `=` has the time
 * of the store: it is never older than the stored sample, whose time it takes if that is later.
 *
 * Returns 'ok' and a letter for each sample: a(dded), c(hanged), u(nchanged), o(lder), f(ull).
 */
export const UPSERT: RedisScript = redisScript(
  '',
  `${OPENING}
local most = tonumber(ARGV[5])
local outcomes, oldest, writes = {}, {}, {}
-- What earlier samples of the call have made of series, by bucket.
local written = {}
local i = 6 + #KEYS - 3
while i <= #ARGV do
  local place, count = tonumber(ARGV[i]), tonumber(ARGV[i + 1])
  local key, ids, fields = KEYS[3 + place], {}, {}
  for j = 1, count do ids[j] = ARGV[i + 2 * j] end
  local known = redis.call('HMGET', key, unpack(ids))
  if not written[place] then written[place] = {} end
  local mine = written[place]
  for j = 1, count do
    local id, text = ids[j], ARGV[i + 2 * j + 1]
    local isTimeOurs = string.byte(text) == 61
    if isTimeOurs then text = string.sub(text, 2) end
    local stored = mine[id] or known[j]
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
        -- What cannot be read is replaced, as is what is older.
        outcome = 'c'
        local was = tonumber(string.match(stored, '^%S+'))
        if was and time <= was then
          local value, timeText, valueText = string.match(text, '%S+$')
          was, timeText, valueText = timeOf(stored)
          if not was then outcome = 'c'
          elseif time < was and not isTimeOurs then outcome = 'o'
          elseif value == valueText then outcome = 'u'
          else
            time = was
            text = timeText .. ' ' .. value
          end
        end
      end
      if outcome == 'a' or outcome == 'c' then
        mine[id] = text
        fields[#fields + 1] = id
        fields[#fields + 1] = text
        note(id, text)
        if not oldest[place] or time < oldest[place] then oldest[place] = time end
      end
    end
    outcomes[#outcomes + 1] = outcome
  end
  if #fields > 0 then writes[#writes + 1] = {key, fields} end
  i = i + 2 + 2 * count
end
local fields, places, lower = {}, {}, {}
for place in pairs(oldest) do
  places[#places + 1] = place
  fields[#fields + 1] = 'l' .. ARGV[5 + place]
end
if #fields > 0 then
  local known = redis.call('HMGET', marks, unpack(fields))
  for i, place in ipairs(places) do
    local mark = known[i] and tonumber(known[i])
    -- A mark that is not a number counts as missing.
    if not mark or not (oldest[place] >= mark) then
      lower[#lower + 1] = fields[i]
      lower[#lower + 1] = string.format('%.17g', oldest[place])
    end
  end
end
finish()
for _, write in ipairs(writes) do redis.call('HSET', write[1], unpack(write[2])) end
if #lower > 0 then redis.call('HSET', marks, unpack(lower)) end
return {'ok', table.concat(outcomes)}
`,
);

/**
 * Ends series. ARGV: for each series the place of its bucket in KEYS (from 1 on, after the three)
 * and its id.
 *
 * Returns 'ok' and how many series there were.
 */
export const END: RedisScript = redisScript(
  'allow-oom',
  `${OPENING}
local byPlace, ends, ended = {}, {}, 0
for i = 5, #ARGV, 2 do
  local place = tonumber(ARGV[i])
  if not byPlace[place] then byPlace[place] = {} end
  local ids = byPlace[place]
  ids[#ids + 1] = ARGV[i + 1]
end
for place, ids in pairs(byPlace) do
  local found, seen, known = redis.call('HMGET', KEYS[3 + place], unpack(ids)), {}, {}
  for i, id in ipairs(ids) do
    if found[i] and not seen[id] then
      seen[id] = true
      known[#known + 1] = id
      series = math.max(0, series - 1)
      bytes = math.max(0, bytes - #id)
      ended = ended + 1
      note(id, '')
    end
  end
  if #known > 0 then ends[#ends + 1] = {KEYS[3 + place], known} end
end
finish()
for _, known in ipairs(ends) do redis.call('HDEL', known[1], unpack(known[2])) end
return {'ok', tostring(ended)}
`,
);

/**
 * Lets no writer write from here on that has a lower fence. KEYS: state. ARGV: the fence, and
 * `lower` to remove it, if it is still that one.
 *
 * Returns the fence that is there now; '0' for none.
 */
export const FENCE: RedisScript = redisScript(
  'allow-oom',
  `${CONTENT}
if redis.call('EXISTS', KEYS[1]) == 0 then return '0' end
local fence, given = countOf(redis.call('HGET', KEYS[1], 'fence')) or 0, tonumber(ARGV[1])
if ARGV[2] == 'lower' then
  if fence == given then
    redis.call('HDEL', KEYS[1], 'fence')
    fence = 0
  end
elseif given > fence then
  redis.call('HSET', KEYS[1], 'fence', ARGV[1])
  fence = given
end
return digits(fence)
`,
);
