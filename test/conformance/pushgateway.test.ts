import { execFile } from 'node:child_process';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { PushgatewayOptions } from '../../src/push/pushgateway.ts';
import { startedPushgateway } from '../support/pushgateway.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { readVectors } from '../support/vectors.ts';

const VECTORS = resolve(import.meta.dirname, 'vectors');
const REPLAY = join(VECTORS, 'replay-pushgateway.mjs');

/**
 * Scenarios that we do not follow, and why. Those marked `bug` are not tried: one push broke all.
 */
const OTHERWISE: Readonly<Record<string, string>> = {
  'unchecked-own-metric-collision': 'no push breaks a scrape, checked or not',
  'scrape-no-help-line-when-empty': 'expects metrics of the Go runtime before those of the push',
  'external-url-sets-prefix': 'the page at / has no files beside it',
};

const USERS =
  'basic_auth_users: { alice: $2b$04$X7hbzpuLHap8Udo1NXNG9eDzqIOBPQYjpIECG018IaIt7z15owHSu }\n';

/** The options of the sets of flags that scenarios were recorded with. */
const PROFILES: Readonly<Record<string, Partial<PushgatewayOptions>>> = {
  default: {},
  unchecked: { disableConsistencyCheck: true },
  utf8: { enableUtf8Names: true },
  utf8unchecked: { enableUtf8Names: true, disableConsistencyCheck: true },
  admin: { enableAdminApi: true },
  lifecycle: { enableLifecycle: true },
  prefix: { routePrefix: '/pg' },
  external: { externalUrl: 'http://gw.example.org/ext/' },
  telemetry: { telemetryPath: '/own/metrics' },
  auth: {},
};

const STATUS_FLAGS: Readonly<Record<string, string>> = {
  'log.format': 'logfmt',
  'log.level': 'info',
  'persistence.file': '',
  'persistence.interval': '5m0s',
  'push.disable-consistency-check': 'false',
  'push.enable-utf8-names': 'false',
  'web.config.file': '',
  'web.enable-admin-api': 'true',
  'web.enable-lifecycle': 'false',
  'web.external-url': '',
  'web.listen-address': '',
  'web.route-prefix': '',
  'web.systemd-socket': 'false',
  'web.telemetry-path': '/metrics',
};

const scenarios = readVectors<{ name: string; profile: string; bug?: string; stopsServer?: true }>(
  'pushgateway.jsonl',
);

/** Replays the scenarios of a profile; returns the names of those that differ. */
async function replay(profile: string, persistenceFile?: string): Promise<readonly string[]> {
  const { file, remove } = temporaryFolder({ 'web.yml': USERS });
  onTestFinished(remove);
  const { url } = await startedPushgateway({
    ...PROFILES[profile],
    flags: STATUS_FLAGS,
    ...(profile === 'auth' && { webConfigFile: file('web.yml') }),
    ...(persistenceFile !== undefined && { persistenceFile: file(persistenceFile) }),
  });
  const args = [REPLAY, '--base', url, '--profile', profile, '--no-bugs'];
  const users = profile === 'auth' ? ['--auth', 'alice:s3cret'] : [];
  const { stdout } = await promisify(execFile)(process.execPath, [
    ...args,
    ...users,
    join(VECTORS, 'pushgateway.jsonl'),
  ]).catch(
    // It ends with 1 if anything differs.
    (error: { stdout: string }) => error,
  );
  const differing = [...stdout.matchAll(/^DIFF (\S+)/gm)].map(([, name]) => name!);
  const tried = scenarios.filter(
    (each) => each.profile === profile && !each.bug && !each.stopsServer,
  );
  expect(stdout).toContain(`${tried.length - differing.length} passed`);
  return differing.sort((a, b) => (a < b ? -1 : 1));
}

function known(profile: string): readonly string[] {
  const own = scenarios.filter((each) => each.profile === profile && each.name in OTHERWISE);
  return own.map(({ name }) => name).sort((a, b) => (a < b ? -1 : 1));
}

describe('recorded scenarios of Pushgateway', () => {
  it.each(Object.keys(PROFILES))('are met over memory: %s', async (profile) => {
    expect(await replay(profile)).toEqual(known(profile));
  });

  it.each(Object.keys(PROFILES))('are met over a persistence file: %s', async (profile) => {
    expect(await replay(profile, 'state')).toEqual(known(profile));
  });
});
