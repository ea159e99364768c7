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
 * Names the layout of a partition otherwise, if it is still the one that was seen. What is there
 * stays; the log begins again, so that programs which know only the old layout read everything, and
 * see that they cannot. KEYS: state, log. ARGV: token, the layout that was seen, and the new one.
 *
 * Returns 'ok', or 'forbidden' as above.
 */
export const RAISE_LAYOUT: RedisScript = redisScript(
  'allow-oom',
  `${RIGHTS}${CONTENT}
local seq, _, _, layout = read(KEYS[1])
if layout ~= ARGV[2] then return {'ok'} end
if not may('HSET', KEYS[1], 'seq', '1') then return {'forbidden', 'HSET'} end
if not may('UNLINK', KEYS[2]) then return {'forbidden', 'UNLINK'} end
if not may('XADD', KEYS[2], '1-0', 't', '1') then return {'forbidden', 'XADD'} end
headOf(KEYS[2])
redis.call('HSET', KEYS[1], 'seq', digits(seq + 1), 'layout', ARGV[3])
redis.call('UNLINK', KEYS[2])
redis.call('XADD', KEYS[2], digits(seq + 1) .. '-0', 't', ARGV[1])
return {'ok'}
`,
);

/**
 * Writes and ends series. ARGV: the most series that the partition may have; the numbers of the
 * buckets in KEYS; then runs of changes of one bucket: the bucket's place in KEYS (from 1 on, after
 * the three), how many changes, and the id and text of each. An empty text ends the series. One
 * that begins with `=` has the time of the store: it is never older than the stored sample, whose
 * time it takes if that is later.
 *
 * Returns 'ok' and a letter for each change: a(dded), c(hanged), u(nchanged), o(lder), f(ull),
 * e(nded), n(ot there), w (a group owns it).
 */
const WRITE_BODY = `${OPENING}
local most = tonumber(ARGV[5])
local outcomes, oldest = {}, {}
-- What the call makes of series, by the place of their bucket; false for ended.
local written = {}
-- What ends and is of a group, by the key of the group's ids. It is in the slot of the others.
local left = {}
local i = 6 + #KEYS - 3
while i <= #ARGV do
  local place, count = tonumber(ARGV[i]), tonumber(ARGV[i + 1])
  local ids = {}
  for j = 1, count do ids[j] = ARGV[i + 2 * j] end
  local known = redis.call('HMGET', KEYS[3 + place], unpack(ids))
  if not written[place] then written[place] = {} end
  local mine = written[place]
  for j = 1, count do
    local id, text = ids[j], ARGV[i + 2 * j + 1]
    local isTimeOurs = string.byte(text) == 61
    if isTimeOurs then text = string.sub(text, 2) end
    local stored = mine[id]
    if stored == nil then stored = known[j] end
    local outcome
    if text == '' then
      outcome = 'n'
      if stored then
        outcome = 'e'
        mine[id] = false
        drop(id, stored)
        local owner = string.match(stored, '^[^ =]+@([%w_-]+)[ =]')
        if owner then
          local group = string.sub(state, 1, -6) .. 'group:' .. owner
          redis.call('HLEN', group)
          if not left[group] then left[group] = {} end
          table.insert(left[group], id)
        end
      end
    elseif stored == text then
      outcome = 'u'
    else
      local timeText = string.match(text, '^[^ =]+')
      local time, added = tonumber(timeText), 0
      if string.byte(text, #timeText + 1) == 61 then added = #text - #timeText - 1 end
      if not stored then
        if series >= most then
          outcome = 'f'
        else
          outcome = 'a'
          series = series + 1
          bytes = bytes + #id + added
        end
      else
        -- What cannot be read is replaced, as is what is older.
        outcome = 'c'
        -- Of a plain number that is older no more needs to be known.
        local was = tonumber(string.match(stored, '^%S+'))
        if not was or time <= was then
          local wasText, rest, owner
          was, wasText, rest, owner = timeOf(stored)
          if was and owner ~= '' then outcome = 'w'
          elseif was and time <= was then
            local given = string.sub(text, #timeText + 1)
            if time < was and not isTimeOurs then outcome = 'o'
            elseif given == rest then outcome = 'u'
            else
              time = was
              text = wasText .. given
            end
          end
          if outcome == 'c' then added = added - textBytes(stored) end
        end
        if outcome == 'c' and added ~= 0 then bytes = math.max(0, bytes + added) end
      end
      if outcome == 'a' or outcome == 'c' then
        mine[id] = text
        note(id, text)
        if not oldest[place] or time < oldest[place] then oldest[place] = time end
      end
    end
    outcomes[#outcomes + 1] = outcome
  end
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
for place, mine in pairs(written) do
  local sets, ends = {}, {}
  for id, text in pairs(mine) do
    if text then
      sets[#sets + 1] = id
      sets[#sets + 1] = text
    else
      ends[#ends + 1] = id
    end
  end
  if #sets > 0 then redis.call('HSET', KEYS[3 + place], unpack(sets)) end
  if #ends > 0 then redis.call('HDEL', KEYS[3 + place], unpack(ends)) end
end
for group, ids in pairs(left) do redis.call('HDEL', group, unpack(ids)) end
if #lower > 0 then redis.call('HSET', marks, unpack(lower)) end
return {'ok', table.concat(outcomes)}
`;

/** Writes series, and ends some. A server whose memory is full refuses it. */
export const WRITE: RedisScript = redisScript('', WRITE_BODY);

/** Ends series only, which makes room. */
export const END: RedisScript = redisScript('allow-oom', WRITE_BODY);

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
