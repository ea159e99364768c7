import { CONTENT, PLACE } from './lua-parts.ts';
import { type RedisScript, redisScript } from './redis-script.ts';

/**
 * Where a partition is. KEYS: state, log. Returns the sequence number and token of the last change
 * ('0' and '' before any), how many series there are, the bytes of their ids, and the layout (''
 * where there is none).
 */
export const HEAD: RedisScript = redisScript(
  'no-writes',
  `${CONTENT}${PLACE}
return {placeOf(KEYS[1], KEYS[2])}
`,
);

/**
 * Reads buckets, or a slice of one. KEYS: state, log, the buckets. ARGV: how many series a bucket
 * may have to be read at once, and all together; where to go on within the one bucket ('' for not);
 * about how many series make a slice; beyond how many series and bytes of ids in the partition
 * nothing is read ('' for never); and 'apart' to leave out what has a line feed in it.
 *
 * Returns what HEAD does, where to go on ('' for nowhere), the places of the buckets that are too
 * large to be read at once, how many samples follow (-1 if the partition is too large), the
 * samples: a line for each id and one for its text, and the beginnings of the ids and texts that
 * were left out.
 */
export const READ: RedisScript = redisScript(
  'no-writes',
  `${CONTENT}${PLACE}
local most, together, from, slice = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3], ARGV[4]
local seq, token, series, bytes, layout = placeOf(KEYS[1], KEYS[2])
local parts, large, after, count, refused = {}, {}, '', 0, {}
local function answer()
  return {seq, token, series, bytes, layout, after, table.concat(large, ' '), tostring(count), table.concat(parts, '\\n'), refused}
end
if ARGV[5] ~= '' and (tonumber(series) > tonumber(ARGV[5]) or tonumber(bytes) > tonumber(ARGV[6])) then
  count = -1
  return answer()
end
local function add(items)
  if ARGV[7] == 'apart' then
    local whole = {}
    for i = 1, #items, 2 do
      if string.find(items[i], '\\n', 1, true) or string.find(items[i + 1], '\\n', 1, true) then
        refused[#refused + 1] = string.sub(items[i], 1, 400)
        refused[#refused + 1] = string.sub(items[i + 1], 1, 400)
      else
        whole[#whole + 1] = items[i]
        whole[#whole + 1] = items[i + 1]
      end
    end
    items = whole
  end
  count = count + #items / 2
  if #items > 0 then parts[#parts + 1] = table.concat(items, '\\n') end
end
if from ~= '' then
  local page = redis.call('HSCAN', KEYS[3], from, 'COUNT', slice)
  add(page[2])
  after = page[1]
else
  for i = 3, #KEYS do
    local length = redis.call('HLEN', KEYS[i])
    if length > most or count + length > together then large[#large + 1] = tostring(i - 3)
    elseif length > 0 then add(redis.call('HGETALL', KEYS[i])) end
  end
end
return answer()
`,
);
