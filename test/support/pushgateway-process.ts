// Runs a Pushgateway by the flags of the original, as far as tests give them.
import type { ProgramLog } from '../../src/logging/program-log.ts';
import { startPushgateway } from '../../src/push/pushgateway.ts';

const DEFAULTS: Readonly<Record<string, string>> = {
  'log.format': 'logfmt',
  'log.level': 'info',
  'persistence.file': '',
  'persistence.interval': '5m0s',
  'push.disable-consistency-check': 'false',
  'push.enable-utf8-names': 'false',
  'web.config.file': '',
  'web.enable-admin-api': 'false',
  'web.enable-lifecycle': 'false',
  'web.external-url': '',
  'web.listen-address': ':9091',
  'web.route-prefix': '',
  'web.systemd-socket': 'false',
  'web.telemetry-path': '/metrics',
};

const flags: Record<string, string> = { ...DEFAULTS };
for (const argument of process.argv.slice(2)) {
  const [, name = '', value = 'true'] = /^--([^=]+)(?:=(.*))?$/s.exec(argument) ?? [];
  flags[name] = value;
}
const {
  'push.ttl': ttl = '0',
  'push.body-size-limit': bodySizeLimit = String(8 * 1024 * 1024),
  'push.group-limit': groupLimit = '10000',
  ...shown
} = flags;
const log = Object.fromEntries(
  ['debug', 'info', 'warn', 'error'].map((level) => [
    level,
    (component: string, msg: string, fields?: object) => {
      if (level !== 'debug') console.error(JSON.stringify({ level, component, msg, ...fields }));
    },
  ]),
) as unknown as ProgramLog;
const text = (name: string): string | undefined => flags[name] || undefined;

const gateway = await startPushgateway({
  listenAddresses: [flags['web.listen-address']!],
  systemdSocket: flags['web.systemd-socket'] === 'true',
  webConfigFile: text('web.config.file'),
  telemetryPath: flags['web.telemetry-path']!,
  externalUrl: text('web.external-url'),
  routePrefix: text('web.route-prefix'),
  enableLifecycle: flags['web.enable-lifecycle'] === 'true',
  enableAdminApi: flags['web.enable-admin-api'] === 'true',
  persistenceFile: text('persistence.file'),
  disableConsistencyCheck: flags['push.disable-consistency-check'] === 'true',
  enableUtf8Names: flags['push.enable-utf8-names'] === 'true',
  ttlMs: Number(ttl),
  rules: [],
  groupLimit: Number(groupLimit),
  bodySizeLimit: Number(bodySizeLimit),
  flags: shown,
  log,
});
console.log(gateway.addresses.join(' '));
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => void gateway.close());
}
await gateway.ended;
