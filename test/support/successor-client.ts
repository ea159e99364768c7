import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type * as promClient from 'prom-client';
import { REPOSITORY } from './tools.ts';

const BENCH = join(REPOSITORY, 'bench');

/** What installs {@link SUCCESSOR}. */
export const SUCCESSOR_REMEDY = 'npm ci --prefix bench installs @prometheus-io/client';

/**
 * `@prometheus-io/client`, which has the classes of `prom-client`; undefined if the packages of
 * `bench` are not installed. Its `engines` want Node 22, and npm would warn every user that
 * installs on Node 20, where it runs too.
 */
export const SUCCESSOR: typeof promClient | undefined = load();

function load(): typeof promClient | undefined {
  if (!existsSync(join(BENCH, 'node_modules/@prometheus-io/client'))) return undefined;
  const require = createRequire(join(BENCH, 'package.json'));
  return require('@prometheus-io/client') as typeof promClient;
}
