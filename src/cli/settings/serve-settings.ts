import { FAMILY_TYPES, type FamilyType } from '../../model/family-metadata.ts';
import { isAnyLabelName, isAnyMetricName } from '../../model/key/index.ts';
import { viewAuthProblem } from '../../server/view-auth.ts';
import { type FlagsOf, type Group, group, leaf, list, names, optional, required } from './shape.ts';
import {
  addressFlag,
  LOG_SETTINGS,
  LONGEST_MS,
  type LogSettings,
  PUSH_SETTINGS,
  type PushSettings,
  ROUTE_PATH,
  SYSTEMD_FLAG,
  TIMER,
  WEB_FLAGS,
  type WebFlags,
} from './shared-settings.ts';
import { BOOLEAN, choice, count, duration, matching, PATH, size, text } from './value-types.ts';

/** The store; times in ms. */
interface StorageSettings {
  readonly url: string;
  readonly url_file: string | undefined;
  readonly retention: number | undefined;
  readonly series_limit: number | undefined;
}

/** How TLS is spoken with another exporter. */
interface SourceTls {
  readonly ca_file: string | undefined;
  readonly cert_file: string | undefined;
  readonly key_file: string | undefined;
  readonly server_name: string | undefined;
  readonly insecure_skip_verify: boolean;
}

/** The page of another exporter. */
interface ExpositionSettings {
  readonly url: string | undefined;
  readonly authorization: {
    readonly type: string;
    readonly credentials_file: string | undefined;
  };
  readonly basic_auth: {
    readonly username: string | undefined;
    readonly password_file: string | undefined;
  };
  readonly tls_config: SourceTls;
}

/** A source; times in ms, sizes in bytes. */
export interface SourceSettings {
  readonly name: string;
  readonly textfile: {
    readonly directory: string | undefined;
    readonly retention: number | undefined;
  };
  readonly exposition: ExpositionSettings;
  readonly refresh_interval: number;
  readonly refresh_timeout: number;
  readonly body_size_limit: number;
  readonly sample_limit: number | undefined;
  readonly labels: ReadonlyMap<string, string>;
}

/** Metadata of a family. */
interface FamilySettings {
  readonly type: FamilyType;
  readonly unit: string | undefined;
  readonly help: string | undefined;
  readonly retention: number | undefined;
}

/** A page of some series. */
export interface ViewSettings {
  readonly path: string;
  readonly match: readonly string[];
  readonly shard: string | undefined;
  readonly basic_auth_users: ReadonlyMap<string, string>;
}

/** What the configuration file of `snapscrape serve` says. */
export interface ServeSettings {
  readonly storage: StorageSettings;
  readonly sources: readonly SourceSettings[];
  readonly families: ReadonlyMap<string, FamilySettings>;
  readonly push: PushSettings;
  readonly views: readonly ViewSettings[];
  readonly log: LogSettings;
}

/** The values of the flags of `snapscrape serve`. */
export interface ServeFlags extends WebFlags {
  readonly 'config.file': string | undefined;
  readonly 'config.check': boolean;
  readonly 'web.listen-address': readonly string[];
  readonly 'web.systemd-socket': boolean;
  readonly 'web.enable-push-api': boolean;
}

const LIFETIME = duration(1, LONGEST_MS);
const BODY_LIMIT = 64 * 1024 ** 2;

const STORE_URL = matching(
  'url',
  /^(memory|lmdb|rediss?(-sentinel|-cluster)?):/,
  'must begin with memory:, lmdb: or redis: (or rediss:, redis-sentinel:, redis-cluster:), see docs/stores.md',
);

const STORAGE = group<StorageSettings>(
  'The store.',
  {
    url: leaf(STORE_URL, 'memory:', 'The store: memory:, lmdb:/var/lib/snapscrape, redis://host.', {
      flag: 'storage.url',
      isFixed: true,
      isSecret: true,
    }),
    url_file: optional(PATH, 'A file with the URL, which may have a password.', {
      flag: 'storage.url-file',
      isFixed: true,
    }),
    retention: optional(LIFETIME, 'How long a series lives after it was last written.', {
      flag: 'storage.retention',
      isFixed: true,
    }),
    series_limit: optional(count(1, 1e9), 'The most series of the store.', { isFixed: true }),
  },
  ({ url, url_file: file }) =>
    file !== undefined && url !== 'memory:' ? 'has both url and url_file; give one' : undefined,
);

const TLS = group<SourceTls>('How TLS is spoken with the page.', {
  ca_file: optional(PATH, 'The certificates that are trusted, instead of those of Node.'),
  cert_file: optional(PATH, 'The certificate of this client.'),
  key_file: optional(PATH, 'The key of the certificate.'),
  server_name: optional(text('name'), 'The name that the certificate must have.'),
  insecure_skip_verify: leaf(BOOLEAN, false, 'Whether any certificate will do.'),
});

const EXPOSITION = group<ExpositionSettings>(
  'The page of another exporter.',
  {
    url: optional(
      text(
        'url',
        (value) =>
          URL.canParse(value) && /^https?:$/.test(new URL(value).protocol)
            ? undefined
            : 'must be an http or https URL',
        { pattern: '^[hH][tT][tT][pP][sS]?:' },
      ),
      'The URL of the page.',
    ),
    authorization: group<ExpositionSettings['authorization']>('A token.', {
      type: leaf(text('word'), 'Bearer', 'The scheme.'),
      credentials_file: optional(PATH, 'A file with the token.'),
    }),
    basic_auth: group<ExpositionSettings['basic_auth']>('A user.', {
      username: optional(text('name'), 'The name of the user.'),
      password_file: optional(PATH, 'A file with the password.'),
    }),
    tls_config: TLS,
  },
  ({ url, authorization, basic_auth: user }) => {
    if (url !== undefined && new URL(url).password !== '') {
      return 'has a password in its url; put it in a file: basic_auth.password_file';
    }
    const isTwice = authorization.credentials_file !== undefined && user.username !== undefined;
    if (isTwice) return 'has authorization and basic_auth; give one';
    return (user.username === undefined) === (user.password_file === undefined)
      ? undefined
      : 'must have both basic_auth.username and basic_auth.password_file';
  },
);

const TEXTFILE = group<SourceSettings['textfile']>('Text files, as those of node_exporter.', {
  directory: optional(PATH, 'The folder of files *.prom.'),
  retention: optional(LIFETIME, 'How long a file counts after its last change.'),
});

const SOURCE = group<SourceSettings>(
  'A source.',
  {
    name: required(
      matching('name', /^[\w.:-]{1,100}$/, 'must be 1 to 100 letters, digits and _ . : -'),
      'Its name, under which its state is on the page.',
    ),
    textfile: TEXTFILE,
    exposition: EXPOSITION,
    refresh_interval: leaf(TIMER, 30_000, 'The time between two reads.'),
    refresh_timeout: leaf(TIMER, 10_000, 'How long one read may take.'),
    body_size_limit: leaf(size(1, 2 * 1024 ** 3), BODY_LIMIT, 'The most bytes of a page or file.'),
    sample_limit: optional(count(1, 1e9), 'The most series; with more a read fails.'),
    labels: names(
      'Labels of each series; one that it has already becomes exported_<name>.',
      required(text('value'), 'The value.'),
      (name) =>
        isAnyLabelName(name) && name !== 'le' && name !== 'quantile'
          ? undefined
          : 'is not a label that a source can have',
    ),
  },
  ({ textfile, exposition }) =>
    (textfile.directory === undefined) === (exposition.url === undefined)
      ? 'must have textfile.directory or exposition.url, one of the two'
      : undefined,
);

const FAMILY = group<FamilySettings>('Metadata of a family, unless its source has its own.', {
  type: leaf(choice(...FAMILY_TYPES), 'gauge', 'The type.'),
  unit: optional(
    matching('unit', /^[a-zA-Z0-9_:]+$/, 'must be of letters, digits, _ and :'),
    'The unit.',
  ),
  help: optional(text('text'), 'One line that explains it.'),
  retention: optional(LIFETIME, 'How long its series live, instead of storage.retention.', {
    isFixed: true,
  }),
});

const VIEW = group<ViewSettings>('A page of some series, at a path of its own.', {
  path: required(ROUTE_PATH, 'Its path.'),
  match: list(
    'Selectors; a series that any of them matches is on the page.',
    required(text('selector'), 'A selector such as {org="acme"}.'),
  ),
  shard: optional(
    matching('i/n', /^\d{1,4}\/\d{1,4}$/, 'must be a share such as 1/4'),
    'Its share of the series.',
  ),
  basic_auth_users: names(
    'The users that may see it, with bcrypt hashes of their passwords.',
    required(
      text(
        'hash',
        (hash) =>
          viewAuthProblem({ users: { user: hash } }) === undefined
            ? undefined
            : 'must be a bcrypt hash; make one with snapscrape hash-password',
        { pattern: '^\\$2' },
      ),
      'The hash.',
      { isSecret: true },
    ),
    (name) => (name.includes(':') ? 'has a colon, which no user may have' : undefined),
  ),
});

/** The configuration file of `snapscrape serve`. */
export const SERVE_SETTINGS: Group<ServeSettings> = group<ServeSettings>(
  'The configuration file.',
  {
    storage: STORAGE,
    sources: list('Where series come from, beside the store.', SOURCE),
    families: names('Metadata of families.', FAMILY, (name) =>
      isAnyMetricName(name) ? undefined : 'is not the name of a metric',
    ),
    push: PUSH_SETTINGS,
    views: list('Pages of some series.', VIEW),
    log: LOG_SETTINGS,
  },
);

/** The flags of `snapscrape serve` that have no key. */
export const SERVE_FLAGS: FlagsOf<ServeFlags> = {
  'config.file': optional(PATH, 'The configuration file.'),
  'config.check': leaf(BOOLEAN, false, 'Only check the configuration, and say what is wrong.'),
  'web.listen-address': addressFlag(':19464'),
  'web.systemd-socket': SYSTEMD_FLAG,
  ...WEB_FLAGS,
  'web.enable-push-api': leaf(
    BOOLEAN,
    false,
    'Whether the store takes pushes, at the paths of a Pushgateway.',
  ),
};
