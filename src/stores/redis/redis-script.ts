import { createHash } from 'node:crypto';

/**
 * A Lua script that runs within the server, so that all of its effects are seen at once or not at
 * all.
 */
export interface RedisScript {
  /** The text, as `EVAL` takes it. */
  readonly source: string;
  /** Its SHA-1 in hexadecimal, as `EVALSHA` takes it. */
  readonly sha: string;
  /** Whether it may change something, so that it is not tried again when its outcome is unknown. */
  readonly isWrite: boolean;
}

/**
 * Makes a script of its text.
 *
 * @param flags - `no-writes` for scripts that only read: they run on replicas and when memory is
 *   full;
 *   `allow-oom` for those that make room.
 */
export function redisScript(flags: '' | 'no-writes' | 'allow-oom', body: string): RedisScript {
  // Without a flag the server refuses the script at its start when memory is full, never in the
  // middle.
  const source = `#!lua${flags === '' ? '' : ` flags=${flags}`}\n${body}`;
  const sha = createHash('sha1').update(source).digest('hex');
  return { source, sha, isWrite: flags !== 'no-writes' };
}
