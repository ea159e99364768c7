import { CIPHER_SUITES, CURVES, TLS_VERSIONS } from './tls-names.ts';
import type { ClientAuthType, TlsServerConfig } from './web-config.ts';
import { quoted, type YamlField, type YamlFields } from './yaml-fields.ts';

/** Where PEM stands: in the configuration itself, or in a file that is still to be read. */
export interface PemSource {
  readonly field: YamlField;
  readonly kind: 'inline' | 'file';
  /** The PEM, or the path as it is written. */
  readonly text: string;
}

/** What `tls_server_config` says, before the files it names are read. */
export interface TlsFields
  extends Omit<TlsServerConfig, 'cert' | 'key' | 'clientCa' | 'clientAllowedSans'> {
  readonly cert: PemSource;
  readonly key: PemSource;
  readonly clientCa: PemSource | undefined;
  readonly clientAllowedSans: readonly string[] | undefined;
}

const FIELDS = [
  'cert',
  'cert_file',
  'key',
  'key_file',
  'client_ca',
  'client_ca_file',
  'client_auth_type',
  'client_allowed_sans',
  'min_version',
  'max_version',
  'cipher_suites',
  'curve_preferences',
  'prefer_server_cipher_suites',
];

const AUTH_TYPES: ReadonlyMap<string, ClientAuthType> = new Map([
  ['', 'NoClientCert'],
  ['NoClientCert', 'NoClientCert'],
  ['RequestClientCert', 'RequestClientCert'],
  ['RequireAnyClientCert', 'RequireAnyClientCert'],
  ['RequireClientCert', 'RequireAnyClientCert'], // the toolkit's older name
  ['VerifyClientCertIfGiven', 'VerifyClientCertIfGiven'],
  ['RequireAndVerifyClientCert', 'RequireAndVerifyClientCert'],
]);

/** Reads `tls_server_config`; undefined when it is absent or empty, or when a certificate is missing. */
export function parseTls(yaml: YamlFields, section: YamlField | undefined): TlsFields | undefined {
  const fields = yaml.known(section, FIELDS);
  if (section === undefined || fields.size === 0) return undefined;
  const cert = pemSource(yaml, fields, 'cert');
  const key = pemSource(yaml, fields, 'key');
  const clientCa = pemSource(yaml, fields, 'client_ca');
  for (const [name, source] of [['cert', cert] as const, ['key', key] as const]) {
    if (source === undefined)
      yaml.fault(section, `lacks ${name} or ${name}_file; give one of them`);
  }
  const clientAuth = named(yaml, fields.get('client_auth_type'), AUTH_TYPES) ?? 'NoClientCert';
  if (clientCa !== undefined && clientAuth === 'NoClientCert') {
    yaml.fault(clientCa.field, 'needs client_auth_type; set it to RequireAndVerifyClientCert');
  }
  const settings = {
    clientAuth,
    clientAllowedSans: allowedSans(yaml, fields.get('client_allowed_sans'), clientAuth),
    ...versions(yaml, fields),
    cipherSuites: cipherSuites(yaml, fields.get('cipher_suites')),
    curves: namedList(yaml, fields.get('curve_preferences'), CURVES),
    preferServerCipherSuites: yaml.boolean(fields.get('prefer_server_cipher_suites'), true),
  };
  return cert === undefined || key === undefined ? undefined : { cert, key, clientCa, ...settings };
}

function pemSource(
  yaml: YamlFields,
  fields: ReadonlyMap<string, YamlField>,
  name: string,
): PemSource | undefined {
  const inline = textSource(yaml, fields.get(name), 'inline');
  const file = textSource(yaml, fields.get(`${name}_file`), 'file');
  if (inline !== undefined && file !== undefined) {
    yaml.fault(file.field, `stands beside ${name}; remove one of them`);
  }
  return file ?? inline;
}

function textSource(
  yaml: YamlFields,
  field: YamlField | undefined,
  kind: PemSource['kind'],
): PemSource | undefined {
  const text = field === undefined ? undefined : yaml.text(field);
  return field === undefined || !text ? undefined : { field, kind, text };
}

function versions(
  yaml: YamlFields,
  fields: ReadonlyMap<string, YamlField>,
): Pick<TlsServerConfig, 'minVersion' | 'maxVersion'> {
  const least = fields.get('min_version');
  const minVersion = named(yaml, least, TLS_VERSIONS) ?? 'TLSv1.2';
  const maxVersion = named(yaml, fields.get('max_version'), TLS_VERSIONS) ?? 'TLSv1.3';
  const order = [...TLS_VERSIONS.values()];
  if (order.indexOf(minVersion) > order.indexOf(maxVersion)) {
    yaml.fault(
      fields.get('max_version') ?? least!,
      'leaves no version of TLS: min_version is above max_version',
    );
  }
  return { minVersion, maxVersion };
}

function cipherSuites(
  yaml: YamlFields,
  field: YamlField | undefined,
): readonly string[] | undefined {
  const suites = namedList(yaml, field, CIPHER_SUITES);
  return suites?.filter((suite) => suite !== undefined);
}

function allowedSans(
  yaml: YamlFields,
  field: YamlField | undefined,
  clientAuth: ClientAuthType,
): readonly string[] | undefined {
  const items = yaml.list(field);
  if (items === undefined || field === undefined) return undefined;
  if (!clientAuth.startsWith('Require')) {
    yaml.fault(
      field,
      'needs client_auth_type RequireAndVerifyClientCert (or RequireAnyClientCert): ' +
        'with others, clients may show no certificate',
    );
  }
  if (items.length === 0) yaml.fault(field, 'must name at least one, or be removed');
  return items.map((item) => yaml.text(item) ?? '');
}

/** The entries of a list by their names; undefined when there are none, which is to say: the default. */
function namedList<T>(
  yaml: YamlFields,
  field: YamlField | undefined,
  names: ReadonlyMap<string, T>,
): readonly T[] | undefined {
  const items = yaml.list(field);
  if (items === undefined || items.length === 0) return undefined;
  return items.flatMap((item) => named(yaml, item, names) ?? []);
}

function named<T>(
  yaml: YamlFields,
  field: YamlField | undefined,
  names: ReadonlyMap<string, T>,
): T | undefined {
  if (yaml.isNull(field)) return undefined;
  const text = yaml.text(field);
  if (text === undefined) return undefined;
  if (!names.has(text)) {
    const known = [...names.keys()].filter((name) => name !== '');
    yaml.fault(field, `${quoted(text)} must be one of ${known.join(', ')}`);
  }
  return names.get(text);
}
