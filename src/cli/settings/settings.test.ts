import { describe, expect, it } from 'vitest';
import { YamlFields } from '../../web/yaml-fields.ts';
import { flagsOf, readArguments, readEnvironment } from './flags.ts';
import { UsageError } from './problems.ts';
import { PUSHGATEWAY_FLAGS, PUSHGATEWAY_SETTINGS } from './pushgateway-settings.ts';
import { readFlags, readSettings, type SettingsFile } from './read-settings.ts';
import { SERVE_FLAGS, SERVE_SETTINGS, type ServeSettings } from './serve-settings.ts';

const flags = flagsOf(SERVE_SETTINGS, SERVE_FLAGS);

interface Asked {
  readonly args?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly file?: string;
}

const fileOf = (text: string): SettingsFile => ({
  path: '/etc/snapscrape/snapscrape.yml',
  fields: (problems) => new YamlFields(text, problems),
});

function given({ args = [], environment = {}, file }: Asked) {
  return {
    args: readArguments(flags, args),
    environment: readEnvironment(flags, environment),
    file: file === undefined ? undefined : fileOf(file),
  };
}

const read = (asked: Asked): ServeSettings =>
  readSettings(SERVE_SETTINGS, flags, given(asked)).values;

/** What is said of wrong settings. */
function problems(asked: Asked): readonly string[] {
  try {
    read(asked);
    readFlags(flags, SERVE_FLAGS, given(asked));
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    return error.problems.map(({ place, text, suggestion }) =>
      [place?.line, text, suggestion].filter((part) => part !== undefined).join(' | '),
    );
  }
  return [];
}

const FILE = `
storage: { url: lmdb:/var/lib/snapscrape, retention: 15d, series_limit: 1000000 }
sources:
  - { name: cron, textfile: { directory: textfile }, refresh_interval: 30s, labels: { dc: eu1 } }
  - name: legacy
    exposition:
      url: https://10.0.0.7:9100/metrics
      authorization: { credentials_file: legacy.token }
      tls_config: { ca_file: ca.crt }
    refresh_timeout: 10s
    body_size_limit: 16MB
    sample_limit: 50000
families:
  backup_duration_seconds: { type: gauge, unit: seconds, help: How long., retention: 2d }
push:
  ttl: 0s
  group_limit: 10000
  body_size_limit: 8MB
  rules: [{ match: '{job=~"ci-.*"}', ttl: 1h }]
views:
  - { path: /tenants/acme, match: ['{org="acme"}'], basic_auth_users: { acme: $2y$10$${'a'.repeat(53)} } }
log: { level: info, format: logfmt }
`;

describe('settings', () => {
  it('are read from a file, with paths relative to it', () => {
    const { storage, sources, families, push, views, log } = read({ file: FILE });
    expect(storage).toEqual({
      url: 'lmdb:/var/lib/snapscrape',
      url_file: undefined,
      retention: 15 * 86_400_000,
      series_limit: 1_000_000,
    });
    expect(sources[0]).toMatchObject({
      name: 'cron',
      textfile: { directory: '/etc/snapscrape/textfile' },
      refresh_interval: 30_000,
      labels: new Map([['dc', 'eu1']]),
    });
    expect(sources[1]).toMatchObject({
      exposition: {
        authorization: { type: 'Bearer', credentials_file: '/etc/snapscrape/legacy.token' },
        tls_config: { ca_file: '/etc/snapscrape/ca.crt', insecure_skip_verify: false },
      },
      refresh_timeout: 10_000,
      body_size_limit: 16 * 1024 ** 2,
      sample_limit: 50_000,
    });
    expect(families.get('backup_duration_seconds')).toMatchObject({ retention: 172_800_000 });
    expect(push).toMatchObject({ ttl: 0, rules: [{ match: '{job=~"ci-.*"}', ttl: 3_600_000 }] });
    expect(views[0]?.basic_auth_users.size).toBe(1);
    expect(log).toEqual({ level: 'info', format: 'logfmt' });
  });

  it('come from the flag before the environment before the file before the default', () => {
    const file = 'log: { level: warn }';
    const environment = { SNAPSCRAPE_LOG_LEVEL: 'error' };
    const args = ['--log.level=debug'];
    expect(read({}).log.level).toBe('info');
    expect(read({ file }).log.level).toBe('warn');
    expect(read({ file, environment }).log.level).toBe('error');
    expect(read({ file, environment, args }).log.level).toBe('debug');
  });

  it('ignore variables that are empty or not declared', () => {
    const environment = {
      SNAPSCRAPE_PORT: 'tcp://10.0.0.1:9091',
      SNAPSCRAPE_SERVICE_HOST: '10.0.0.1',
      SNAPSCRAPE_STORAGE_URL: '',
    };
    expect(problems({ environment })).toEqual([]);
    expect(read({ environment }).storage.url).toBe('memory:');
  });

  it('have no variable that an orchestrator sets for a service named snapscrape', () => {
    const all = [...flags, ...flagsOf(PUSHGATEWAY_SETTINGS, PUSHGATEWAY_FLAGS)];
    for (const { variable } of all) {
      expect(variable).toMatch(/^SNAPSCRAPE_[A-Z0-9_]+$/);
      expect(variable).not.toMatch(/_PORT(_|$)|_SERVICE_/);
    }
    // Each has a variable of its own.
    const names = flags.map(({ variable }) => variable);
    expect(new Set(names).size).toBe(names.length);
  });

  it.each<[string, string, string]>([
    ['a key', 'storage:\n  retencion: 1d\n', '2 | unknown key "retencion" | retention'],
    [
      'a key without a near one',
      'xyzzy: 1\n',
      '1 | unknown key "xyzzy"; the keys there are storage, sources, families, push, views, log',
    ],
    [
      'a value',
      'log:\n  level: loud\n',
      '2 | log.level ("loud") must be one of debug, info, warn, error',
    ],
    [
      'a duration',
      'storage: { retention: 15 }',
      '1 | storage.retention ("15") must be a duration such as 15d, 1h30m or 500ms',
    ],
    [
      'a size',
      'push: { body_size_limit: 8 }',
      '1 | push.body_size_limit ("8") must be a size such as 8MB or 512KB',
    ],
    [
      'a missing key',
      'sources:\n  - { textfile: { directory: a } }\n',
      '2 | sources[0].name is missing',
    ],
    [
      'two kinds of a source',
      'sources:\n  - { name: a }\n',
      '2 | sources[0] must have textfile.directory or exposition.url, one of the two',
    ],
    [
      'a secret, without it',
      'views:\n - path: /a\n   basic_auth_users: { a: secret }\n',
      '3 | views[0].basic_auth_users.a must be a bcrypt hash; make one with snapscrape hash-password',
    ],
    [
      'a password in a URL',
      'sources:\n - name: a\n   exposition: { url: "http://u:secret@h/" }\n',
      '3 | sources[0].exposition has a password in its url; put it in a file: basic_auth.password_file',
    ],
    [
      'a name of a family',
      'families: { "": {} }',
      '1 | families has "", which is not the name of a metric',
    ],
    [
      'a file that is no YAML',
      'a: [',
      '1 | is not YAML that is read here (BAD_INDENT); correct it',
    ],
    [
      'a key that is given twice',
      'log: {}\nlog: {}\n',
      '2 | the file has this name a second time; remove one of them',
    ],
  ])('say what is wrong with %s', (_, file, problem) => {
    expect(problems({ file })[0]).toBe(problem);
  });

  it.each<[string, readonly string[], string]>([
    [
      'an unknown flag',
      ['--web.listen-adress=:1'],
      'unknown flag "--web.listen-adress" | --web.listen-address',
    ],
    ['an argument', ['metrics'], 'unexpected argument "metrics"; flags begin with two dashes'],
    [
      'a missing value',
      ['--log.level'],
      '--log.level needs a value: --log.level=<debug|info|warn|error>',
    ],
    [
      'a flag as a value',
      ['--log.level', '--config.check'],
      '--log.level needs a value: --log.level=<debug|info|warn|error>',
    ],
    [
      'a flag that is given twice',
      ['--log.level=info', '--log.level=info'],
      '--log.level is given twice',
    ],
    [
      'a value',
      ['--log.level', 'loud'],
      '--log.level ("loud") must be one of debug, info, warn, error',
    ],
    ['a boolean', ['--config.check=1'], '--config.check ("1") must be true or false'],
    ['a value of its negation', ['--no-config.check=true'], '--no-config.check takes no value'],
    [
      'a negation of what is no boolean',
      ['--no-log.level'],
      'unknown flag "--no-log.level" | --log.level',
    ],
    [
      'an address',
      ['--web.listen-address', '9091'],
      '--web.listen-address ("9091") must be an address such as :19464, 127.0.0.1:19464, [::1]:19464 or unix:/run/x.sock',
    ],
  ])('say what is wrong with %s', (_, args, problem) => {
    expect(problems({ args })[0]).toBe(problem);
  });

  it('are flags in every form', () => {
    const args = [
      '--web.listen-address',
      ':1',
      '--web.listen-address=:2',
      '--web.enable-lifecycle',
      '--no-config.check',
    ];
    expect(readFlags(flags, SERVE_FLAGS, given({ args }))).toMatchObject({
      'web.listen-address': [':1', ':2'],
      'web.enable-lifecycle': true,
      'config.check': false,
      'web.telemetry-path': '/metrics',
    });
    const environment = {
      SNAPSCRAPE_WEB_LISTEN_ADDRESS: ':1, :2',
      SNAPSCRAPE_CONFIG_CHECK: 'true',
    };
    expect(readFlags(flags, SERVE_FLAGS, given({ environment }))).toMatchObject({
      'web.listen-address': [':1', ':2'],
      'config.check': true,
    });
  });

  it('tell which of them only a restart changes', () => {
    const { fixed } = readSettings(SERVE_SETTINGS, flags, given({ file: FILE }));
    expect([...fixed.keys()]).toEqual([
      'storage.url',
      'storage.retention',
      'storage.series_limit',
      'families.backup_duration_seconds.retention',
      'push.ttl',
      'push.group_limit',
      'push.body_size_limit',
      'push.rules[0].match',
      'push.rules[0].ttl',
    ]);
    expect(fixed.get('storage.url')?.place?.line).toBe(2);
  });
});
