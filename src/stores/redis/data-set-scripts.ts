import { CONTENT, RIGHTS } from './lua-parts.ts';
import { type RedisScript, redisScript } from './redis-script.ts';

/**
 * Makes the data set where there is none. KEYS: meta. ARGV: schema, partitions, buckets.
 *
 * Returns the schema, partitions and buckets that there are.
 */
export const FOUND: RedisScript = redisScript(
  'allow-oom',
  `
if not redis.call('HGET', KEYS[1], 'schema') then
  redis.call('HSET', KEYS[1], 'schema', ARGV[1], 'partitions', ARGV[2], 'buckets', ARGV[3])
end
return redis.call('HMGET', KEYS[1], 'schema', 'partitions', 'buckets')
`,
);

/**
 * Makes the data set one of a newer version, if it is still of the one that was seen. KEYS: meta.
 * ARGV: that one, and the newer one.
 *
 * Returns 'ok', or 'forbidden' and the command that the user may not use.
 */
export const RAISE_SCHEMA: RedisScript = redisScript(
  'allow-oom',
  `${RIGHTS}
if not may('HSET', KEYS[1], 'schema', '1') then return {'forbidden', 'HSET'} end
if redis.call('HGET', KEYS[1], 'schema') == ARGV[1] then
  redis.call('HSET', KEYS[1], 'schema', ARGV[2])
end
return {'ok'}
`,
);

/**
 * Sets metadata of families. KEYS: meta, families. ARGV: token, schema, then names and JSON ('' removes it).
 *
 * Returns 'ok', 'absent' where the data set is absent or of another schema, or 'forbidden' and the
 * command that the user may not use, instead of doing anything.
 */
export const SET_FAMILIES: RedisScript = redisScript(
  '',
  `${RIGHTS}
if redis.call('HGET', KEYS[1], 'schema') ~= ARGV[2] then return {'absent'} end
redis.call('HLEN', KEYS[2])
if not may('HSET', KEYS[1], 'a', '1') then return {'forbidden', 'HSET'} end
redis.call('HSET', KEYS[1], 'families', ARGV[1])
if not may('HDEL', KEYS[2], 'a') then return {'forbidden', 'HDEL'} end
for i = 3, #ARGV, 2 do
  if ARGV[i + 1] == '' then redis.call('HDEL', KEYS[2], ARGV[i])
  else redis.call('HSET', KEYS[2], ARGV[i], ARGV[i + 1]) end
end
return {'ok'}
`,
);

/** Gives back a lock or a lease, if it is still held. KEYS: the key. ARGV: the holder. */
export const RELEASE: RedisScript = redisScript(
  'allow-oom',
  `
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
`,
);

/**
 * Takes or keeps the writer's lease. KEYS: meta, lease. ARGV: the holder, for how many ms, the
 * fence that the holder has ('0' for none), and one that the new fence must be above.
 *
 * Returns 'held' if another has it, else 'ok' and the holder's fence, a new one where it was not
 * held; or 'forbidden' and the command that the user may not use.
 */
export const LEASE: RedisScript = redisScript(
  'allow-oom',
  `${RIGHTS}${CONTENT}
local holder = redis.call('GET', KEYS[2])
if holder and holder ~= ARGV[1] then return {'held'} end
local last = countOf(redis.call('HGET', KEYS[1], 'fence')) or 0
if not may('SET', KEYS[2], ARGV[1], 'PX', ARGV[2]) then return {'forbidden', 'SET'} end
if not may('HSET', KEYS[1], 'fence', '1') then return {'forbidden', 'HSET'} end
redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[2])
if holder and ARGV[3] ~= '0' then return {'ok', ARGV[3]} end
local fence = digits(math.max(last, tonumber(ARGV[4])) + 1)
redis.call('HSET', KEYS[1], 'fence', fence)
return {'ok', fence}
`,
);
