import { OPENING } from './lua-parts.ts';
import { type RedisScript, redisScript } from './redis-script.ts';

/**
 * Replaces a group, or ends it, as a whole or not at all. KEYS: behind the buckets the hash of
 * groups and that of the group's series; then meta and families, if metadata is given. ARGV: how
 * many buckets there are; the name of the group within keys; the version that it must have ('' for
 * none); what is kept with it ('' ends it); the most series; how many names and texts of metadata
 * follow, and these ('' removes one); then runs of changes of one bucket as WRITE takes them. An
 * empty text ends a series that the group owns.
 *
 * Returns 'ok', 'conflict', 'refused' or 'applied', a letter for each change, and how many series
 * could be added. The letters are those of WRITE, w (another group owns it), and s (no group
 * owns it).
 */
export const REPLACE: RedisScript = redisScript(
  '',
  `${OPENING}
local buckets, name, owner = tonumber(ARGV[5]), ARGV[6], '@' .. ARGV[6]
local record, most, count = ARGV[8], tonumber(ARGV[9]), tonumber(ARGV[10])
local groups, group = KEYS[4 + buckets], KEYS[5 + buckets]
local meta, families = KEYS[6 + buckets], KEYS[7 + buckets]
local found = redis.call('HGET', groups, name)
if (found and string.match(found, '^%S+') or '') ~= ARGV[7] then return {'ok', 'conflict'} end
redis.call('HLEN', group)
local declared, undeclared = {}, {}
if count > 0 then
  if not redis.call('HGET', meta, 'schema') then return {'absent'} end
  for i = 11, 9 + 2 * count, 2 do
    local was = redis.call('HGET', families, ARGV[i])
    if ARGV[i + 1] == '' then
      if was then undeclared[#undeclared + 1] = ARGV[i] end
    elseif was ~= ARGV[i + 1] then
      declared[#declared + 1] = ARGV[i]
      declared[#declared + 1] = ARGV[i + 1]
    end
  end
end
-- So many arguments that unpack takes them.
local function inParts(items, work)
  for from = 1, #items, 1000 do work(unpack(items, from, math.min(#items, from + 999))) end
end
local known, changes = {}, {}
local i = 11 + 2 * count
while i <= #ARGV do
  local place, length, ids = tonumber(ARGV[i]), tonumber(ARGV[i + 1]), {}
  for j = 1, length do
    ids[j] = ARGV[i + 2 * j]
    changes[#changes + 1] = {place, ids[j], ARGV[i + 2 * j + 1]}
  end
  local from = #changes - length
  inParts(ids, function(...)
    for j, stored in ipairs(redis.call('HMGET', KEYS[3 + place], ...)) do known[from + j] = stored end
    from = from + select('#', ...)
  end)
  i = i + 2 + 2 * length
end
local letters, added, ends, isRefused = {}, 0, 0, false
for i, change in ipairs(changes) do
  local stored, text, letter = known[i], change[3], 'c'
  local _, _, _, has = timeOf(stored or '')
  if text == '' then
    letter = stored and has == owner and 'e' or 'n'
    if letter == 'e' then ends = ends + 1 end
  elseif not stored then
    letter = 'a'
    added = added + 1
  elseif stored == text then letter = 'u'
  -- What cannot be read is replaced.
  elseif has and has ~= owner then
    letter = has == '' and 's' or 'w'
    isRefused = true
  end
  letters[i] = letter
end
local room = math.max(0, most - series + ends)
if isRefused or added > room and series + added > most then
  return {'ok', 'refused', table.concat(letters), digits(math.min(room, 1e15))}
end
local sets, removed, joined, left = {}, {}, {}, {}
local function into(lists, place, ...)
  local list = lists[place] or {}
  lists[place] = list
  for _, item in ipairs({...}) do list[#list + 1] = item end
end
for i, change in ipairs(changes) do
  local place, id, text, letter = change[1], change[2], change[3], letters[i]
  if letter == 'e' then
    drop(id, known[i])
    into(removed, place, id)
    left[#left + 1] = id
  elseif letter == 'a' or letter == 'c' then
    if letter == 'a' then
      series = series + 1
      bytes = bytes + #id
    end
    bytes = math.max(0, bytes + textBytes(text) - textBytes(known[i] or ''))
    note(id, text)
    into(sets, place, id, text)
    joined[#joined + 1] = id
    joined[#joined + 1] = ''
  end
end
finish()
local function on(command, key)
  return function(...) redis.call(command, key, ...) end
end
for place, items in pairs(sets) do inParts(items, on('HSET', KEYS[3 + place])) end
for place, items in pairs(removed) do inParts(items, on('HDEL', KEYS[3 + place])) end
if record == '' then
  redis.call('UNLINK', group)
  redis.call('HDEL', groups, name)
else
  inParts(joined, on('HSET', group))
  inParts(left, on('HDEL', group))
  redis.call('HSET', groups, name, token .. ' ' .. record)
end
if #declared + #undeclared > 0 then
  redis.call('HSET', meta, 'families', token)
  inParts(declared, on('HSET', families))
  inParts(undeclared, on('HDEL', families))
end
return {'ok', 'applied', table.concat(letters), '0'}
`,
);

/**
 * Reads a group and some of its series. KEYS: the hash of groups, and that of the group's series.
 * ARGV: the name of the group within keys, where to go on among the series ('0' to begin), and how
 * many to read, about.
 *
 * Returns what is kept with the group ('' if there is none), where to go on ('0' at the end), and
 * the ids, each followed by an empty text.
 */
export const READ_GROUP: RedisScript = redisScript(
  'no-writes',
  `
local record = redis.call('HGET', KEYS[1], ARGV[1])
local page = redis.call('HSCAN', KEYS[2], ARGV[2], 'COUNT', ARGV[3])
return {record or '', page[1], page[2]}
`,
);
