import { CIPHER_SUITES, CURVES, HTTP2_SUITES, TLS_VERSIONS } from './tls-names.ts';
import type { ClientAuthType, TlsServerConfig } from './web-config.ts';
import { quoted, type YamlField, type YamlFields } from './yaml-fields.ts';

/** Where PEM comes from: the configuration itself, or a file that is still to be read. */
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
  /** The fields as they are in the file, for problems that show later. */
  readonly fields: ReadonlyMap<string, YamlField>;
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

/**
 * Reads `tls_server_config`; undefined if it is absent or empty, or if a certificate is missing.
 *
 * @param http2 - whether the server offers HTTP/2, which demands a suite of TLS 1.2.
 */
export function parseTls(
  yaml: YamlFields,
  section: YamlField | undefined,
  http2: boolean,
): TlsFields | undefined {
  const fields = yaml.known(section, FIELDS);
  if (section === undefined || fields.size === 0) return undefined;
  const cert = pemSource(yaml, fields, 'cert');
  const key = pemSource(yaml, fields, 'key');
  const clientCa = pemSource(yaml, fields, 'client_ca');
  for (const [name, source] of [['cert', cert] as const, ['key', key] as const]) {
    if (source === undefined)
      yaml.problem(section, `lacks ${name} or ${name}_file; give one of them`);
  }
  const authType = fields.get('client_auth_type');
  const clientAuth = named(yaml, authType, AUTH_TYPES) ?? 'NoClientCert';
  // A type that is misspelt has a problem of its own.
  const isMeant = yaml.isNull(authType) || AUTH_TYPES.has(yaml.text(authType) ?? '');
  if (clientCa !== undefined && clientAuth === 'NoClientCert' && isMeant) {
    yaml.problem(clientCa.field, 'needs client_auth_type; set it to RequireAndVerifyClientCert');
  }
  const tlsVersions = versions(yaml, fields);
  const settings = {
    fields,
    clientAuth,
    clientAllowedSans: allowedSans(yaml, fields.get('client_allowed_sans')),
    ...tlsVersions,
    cipherSuites: cipherSuites(
      yaml,
      fields.get('cipher_suites'),
      http2 && tlsVersions.minVersion !== 'TLSv1.3',
    ),
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
    yaml.problem(file.field, `is given beside ${name}; remove one of them`);
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
  const [least, most] = [fields.get('min_version'), fields.get('max_version')];
  const [given, bound] = [named(yaml, least, TLS_VERSIONS), named(yaml, most, TLS_VERSIONS)];
  const minVersion = given ?? 'TLSv1.2';
  const maxVersion = bound ?? 'TLSv1.3';
  const order = [...TLS_VERSIONS.values()];
  // One that is misspelt has a problem of its own.
  const areMeant =
    (yaml.isNull(least) || given !== undefined) && (yaml.isNull(most) || bound !== undefined);
  if (areMeant && order.indexOf(minVersion) > order.indexOf(maxVersion)) {
    yaml.problem(most ?? least!, 'leaves no version of TLS: min_version is above max_version');
  }
  return { minVersion, maxVersion };
}

function cipherSuites(
  yaml: YamlFields,
  field: YamlField | undefined,
  isForHttp2: boolean,
): readonly string[] | undefined {
  const suites = namedList(yaml, field, CIPHER_SUITES);
  if (field !== undefined && suites !== undefined && isForHttp2) {
    const isServed = HTTP2_SUITES.some((suite) => suites.includes(suite));
    if (!isServed) {
      yaml.problem(
        field,
        'lacks a suite that HTTP/2 requires; add TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 or ' +
          'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, or set http2: false in http_server_config',
      );
    }
  }
  return suites;
}

function allowedSans(
  yaml: YamlFields,
  field: YamlField | undefined,
): readonly string[] | undefined {
  const items = yaml.list(field);
  if (items === undefined || field === undefined) return undefined;
  if (items.length === 0) yaml.problem(field, 'must name at least one, or be removed');
  return items.map((item) => yaml.text(item) ?? '');
}

/** What a list names, each once; undefined, for the default, if it is empty or has a problem. */
function namedList(
  yaml: YamlFields,
  field: YamlField | undefined,
  names: ReadonlyMap<string, string | undefined>,
): readonly string[] | undefined {
  const items = yaml.list(field);
  if (items === undefined || items.length === 0) return undefined;
  const values = items.map((item) => named(yaml, item, names));
  // A list with a problem is not judged as a whole: what it lacks may be what was misspelt.
  const isKnown = items.every((item) => yaml.isNull(item) || names.has(yaml.text(item) ?? ''));
  return isKnown ? [...new Set(values)].filter((value) => value !== undefined) : undefined;
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
    yaml.problem(field, `${quoted(text)} must be one of ${known.join(', ')}`);
  }
  return names.get(text);
}
