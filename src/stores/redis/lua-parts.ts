// A script is all or nothing only while none of its commands fails behind its first write: Redis
// undoes nothing. So each script reads all keys it touches, which fails if a key has another type,
// then checks that the user may use every command it writes with, and only then writes.

/**
 * Lua: whether the user may use a command and the server has it; a renamed command is not there.
 * One key is asked for: the server lets a script begin only if the user has full access to all of
 * its keys.
 */
export const RIGHTS = `
local function may(...)
  local known, allowed = pcall(redis.acl_check_cmd, ...)
  return known and allowed
end
`;

/**
 * Lua: what keys have, read so strictly that nothing in them makes a script fail.
 *
 * A sample is its time, `@` and the name of the group that owns the series, if one does, then ` `
 * and a number, or `=` and any other payload; scripts know nothing of what is in that. `timeOf`
 * returns the time of a stored sample, the text of that, the payload with what is before it, and the
 * owner with its `@` ('' for none); nil if it is no sample. `textBytes` returns the length of a
 * payload that is no plain number.
 */
export const CONTENT = `
local function countOf(text)
  local count = text and string.match(text, '^%d+$') and tonumber(text)
  return count and count <= 9007199254740991 and count or nil
end
local function digits(number) return string.format('%.0f', number) end
local function isDecimal(text)
  return string.match(text, '^%-?%d+%.?%d*$') or string.match(text, '^%-?%d+%.?%d*e[+-]?%d+$')
end
local function isNumber(text)
  return isDecimal(text) or text == 'NaN' or text == 'Infinity' or text == '-Infinity'
end
local function timeOf(text)
  -- Most are numbers without an exponent and without an owner: one match for them.
  local time, rest = string.match(text, '^(%-?%d+%.?%d*)( %-?%d+%.?%d*)$')
  local owner = ''
  if not time then
    time, owner, rest = string.match(text, '^([^ =@]+)(@?[%w_-]*)([ =][^\\n]+)$')
    if not time or not isDecimal(time) or owner == '@' then return nil end
    if string.byte(rest) == 32 and not isNumber(string.sub(rest, 2)) then return nil end
  end
  local number = tonumber(time)
  if number >= math.huge or number <= -math.huge then return nil end
  return number, time, rest, owner
end
local function textBytes(text)
  local at = string.find(text, '[ =]')
  return at and string.byte(text, at) == 61 and #text - at or 0
end
local function headOf(log)
  local last = redis.call('XREVRANGE', log, '+', '-', 'COUNT', '1')[1]
  if not last then return '', '0' end
  local token = last[2][2]
  if last[2][1] ~= 't' or #token > 16 or not string.match(token, '^[a-z0-9]+$') then token = '0' end
  return last[1], token
end
-- The sequence number, series, bytes of ids and texts, layout and fence (0 for none); nil where there is no
-- sound state.
local function read(state)
  local found = redis.call('HMGET', state, 'seq', 'series', 'bytes', 'layout', 'fence')
  local seq, series, bytes = countOf(found[1]), countOf(found[2]), countOf(found[3])
  if not seq or seq == 0 or not series or not bytes or not found[4] then return nil end
  return seq, series, bytes, found[4], countOf(found[5]) or 0
end
`;

// What each script that changes a partition begins with. KEYS: state, log, marks, then the buckets
// it touches. ARGV: token of the call, changes to remember, layout, fence of the writer ('0' for
// none), then its own. Returns 'absent', 'lost' (there are series, but no state), 'layout',
// 'fenced' or 'forbidden' and what it found, instead of doing anything.
//
// `note` remembers a change, `drop` the end of a series, `finish` writes all of them to the log,
// and nothing is written before. The log goes on only from its own last change: if that is not the
// one in the state (the log was removed, or has more), it begins again, which every reader notices.
// So it does if the stream refuses the first entry: its own last id can be ahead of its last entry
// (XDEL, XSETID).
export const OPENING: string = `${RIGHTS}${CONTENT}
local state, log, marks = KEYS[1], KEYS[2], KEYS[3]
local token, room = ARGV[1], tonumber(ARGV[2])
local seq, series, bytes, layout, fence = read(state)
if not seq then
  for i = 4, #KEYS do if redis.call('HLEN', KEYS[i]) > 0 then return {'lost'} end end
  return {'absent'}
end
if layout ~= ARGV[3] then return {'layout', layout} end
if fence > tonumber(ARGV[4]) then return {'fenced', digits(fence)} end
if not may('HSET', state, 'seq', '1') then return {'forbidden', 'HSET'} end
if not may('XADD', log, 'MINID', '=', '1', '1-0', 't', '1') then return {'forbidden', 'XADD'} end
if not may('UNLINK', log) then return {'forbidden', 'UNLINK'} end
if not may('HDEL', marks, 'd') then return {'forbidden', 'HDEL'} end
local last = headOf(log)
local isLogBroken = last ~= digits(seq) .. '-0'
redis.call('HGET', marks, 'k')
local entries, entry, entryBytes = {}, {}, 0
local function note(id, text)
  if #entry == 0 then entries[#entries + 1] = entry end
  entry[#entry + 1] = id
  entry[#entry + 1] = text
  entryBytes = entryBytes + #id + #text
  if #entry >= 128 or entryBytes > 65536 then entry, entryBytes = {}, 0 end
end
local ended = 0
local function drop(id, text)
  series = math.max(0, series - 1)
  bytes = math.max(0, bytes - #id - textBytes(text))
  ended = ended + 1
  note(id, '')
end
local function begin()
  redis.call('UNLINK', log)
  seq = seq + 1
  redis.call('XADD', log, digits(seq) .. '-0', 't', token)
end
local function append(call, i)
  local changes = entries[i]
  local last = seq + #changes / 2
  local id, reply = digits(last) .. '-0'
  if i < #entries then reply = call('XADD', log, id, 't', token, unpack(changes))
  else
    local first = digits(math.max(0, last - room))
    reply = call('XADD', log, 'MINID', '=', first, id, 't', token, unpack(changes))
  end
  if type(reply) == 'table' and reply.err then return false end
  seq = last
  return true
end
local function finish()
  if #entries == 0 and not isLogBroken then return end
  if isLogBroken then begin() end
  for i = 1, #entries do
    if not append(i == 1 and redis.pcall or redis.call, i) then
      begin()
      append(redis.call, i)
    end
  end
  redis.call('HSET', state, 'seq', digits(seq), 'series', digits(series), 'bytes', digits(bytes))
end
`;

/**
 * Lua: the place of the last change. A log that does not end there has a token that no change has.
 */
export const PLACE = `
local function placeOf(state, log)
  local seq, series, bytes, layout = read(state)
  local last, token = headOf(log)
  if not seq then return '0', '', '0', '0', '' end
  if last ~= digits(seq) .. '-0' then token = '0' end
  return digits(seq), token, digits(series), digits(bytes), layout
end
`;
