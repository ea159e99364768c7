import { type RedisScript, redisScript } from './redis-script.ts';

/**
 * Makes the data set where there is none. KEYS: meta. ARGV: schema, partitions, buckets.
 *
 * Answers the schema, partitions and buckets that there are.
 */
export const FOUND: RedisScript = redisScript(
  '',
  `
if redis.call('EXISTS', KEYS[1]) == 0 then
  redis.call('HSET', KEYS[1], 'schema', ARGV[1], 'partitions', ARGV[2], 'buckets', ARGV[3])
end
return redis.call('HMGET', KEYS[1], 'schema', 'partitions', 'buckets')
`,
);

/** Sets metadata of families. KEYS: meta, families. ARGV: token, then names and JSON. */
export const SET_FAMILIES: RedisScript = redisScript(
  '',
  `
redis.call('HSET', KEYS[1], 'families', ARGV[1])
for i = 2, #ARGV, 2 do redis.call('HSET', KEYS[2], ARGV[i], ARGV[i + 1]) end
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
 * the holder has ('0' for none).
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
return {'ok', tostring(redis.call('HINCRBY', KEYS[1], 'fence', 1))}
`,
);
