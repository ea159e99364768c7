import { type RedisScript, redisScript } from './redis-script.ts';

/**
 * Makes the data set where there is none. KEYS: meta. ARGV: schema, partitions, buckets.
 *
 * Answers the schema, partitions and buckets that there are.
 */
export const FOUND: RedisScript = redisScript(
  '',
  `
if not redis.call('HGET', KEYS[1], 'schema') then
  redis.call('HSET', KEYS[1], 'schema', ARGV[1], 'partitions', ARGV[2], 'buckets', ARGV[3])
end
return redis.call('HMGET', KEYS[1], 'schema', 'partitions', 'buckets')
`,
);

/**
 * Does nothing, but is refused if a script that writes would be: by a replica, without memory or disk, with
 * too few replicas. KEYS: any of the server that is asked. Answers 1.
 */
export const PROBE: RedisScript = { ...redisScript('', 'return 1'), isWrite: false };

/**
 * Sets metadata of families. KEYS: meta, families. ARGV: token, schema, then names and JSON.
 *
 * Answers 0 where the data set is absent or of another schema, instead of doing anything.
 */
export const SET_FAMILIES: RedisScript = redisScript(
  '',
  `
if redis.call('HGET', KEYS[1], 'schema') ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], 'families', ARGV[1])
for i = 3, #ARGV, 2 do redis.call('HSET', KEYS[2], ARGV[i], ARGV[i + 1]) end
return 1
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
 * Takes or keeps the writer's lease. KEYS: meta, lease. ARGV: the holder, for how many ms, the fence that
 * the holder has ('0' for none), and one that the new fence must be above.
 *
 * Answers 'held' where another has it, else 'ok' and the holder's fence: a new one where it was not held.
 */
export const LEASE: RedisScript = redisScript(
  '',
  `
local holder = redis.call('GET', KEYS[2])
if holder and holder ~= ARGV[1] then return {'held'} end
redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[2])
if holder and ARGV[3] ~= '0' then return {'ok', ARGV[3]} end
local last = tonumber(redis.call('HGET', KEYS[1], 'fence') or '0')
local above = math.max(last, tonumber(ARGV[4]))
return {'ok', tostring(redis.call('HINCRBY', KEYS[1], 'fence', above - last + 1))}
`,
);
