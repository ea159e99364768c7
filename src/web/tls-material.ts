import { createPrivateKey, type X509Certificate } from 'node:crypto';
import { resolve } from 'node:path';
import { createSecureContext } from 'node:tls';
import { certificatesIn } from './chain-validity.ts';
import { readBounded, readProblem } from './file-text.ts';
import type { PemSource, TlsFields } from './parse-tls.ts';
import { Secret } from './secret.ts';
import { secureContextOptionsOf } from './tls-options.ts';
import type { TlsServerConfig } from './web-config.ts';
import type { YamlFields } from './yaml-fields.ts';

/** What can keep OpenSSL from serving with a sound pair, and the field of each. */
const SETTINGS = [
  ['cipherSuites', 'cipher_suites'],
  ['curves', 'curve_preferences'],
] as const;

/** The files that TLS settings name, resolved against the folder of the configuration. */
export function pemFilesOf(fields: TlsFields, folder: string): readonly string[] {
  return [fields.cert, fields.key, fields.clientCa].flatMap((source) =>
    source?.kind === 'file' ? [resolve(folder, source.text)] : [],
  );
}

/**
 * Reads certificates and key, and proves that Node can serve with them: that they parse, belong to
 * each other, and suit the chosen suites and curves. If not, it notes problems and returns
 * undefined.
 */
export async function loadTls(
  yaml: YamlFields,
  fields: TlsFields,
  folder: string,
): Promise<TlsServerConfig | undefined> {
  const [cert, key, clientCa] = await Promise.all([
    readPem(yaml, fields.cert, folder),
    readPem(yaml, fields.key, folder),
    fields.clientCa === undefined ? undefined : readPem(yaml, fields.clientCa, folder),
  ]);
  if (fields.clientCa !== undefined && clientCa !== undefined) {
    certificatesOf(yaml, fields.clientCa, clientCa);
  }
  if (cert === undefined || key === undefined || !isPair(yaml, fields, cert, key)) return undefined;
  const { fields: named, ...settings } = fields;
  const config: TlsServerConfig = { ...settings, cert, key: new Secret(key), clientCa };
  const cause = opensslProblem(config);
  if (cause === undefined) return config;
  const guilty = SETTINGS.find(([setting]) => {
    return opensslProblem({ ...config, [setting]: undefined }) === undefined;
  });
  const field = (guilty && named.get(guilty[1])) ?? fields.cert.field;
  yaml.problem(field, 'is rejected by OpenSSL: see the cause', cause);
  return undefined;
}

/** Why OpenSSL cannot serve with a configuration; undefined if it can. */
function opensslProblem(config: TlsServerConfig): unknown {
  try {
    createSecureContext(secureContextOptionsOf(config));
    return undefined;
  } catch (error) {
    return error;
  }
}

async function readPem(
  yaml: YamlFields,
  { field, kind, text }: PemSource,
  folder: string,
): Promise<string | undefined> {
  if (kind === 'inline') return text;
  try {
    return (await readBounded(resolve(folder, text))).toString('latin1');
  } catch (cause) {
    yaml.problem(field, `names a file that ${readProblem(cause)}`, cause);
    return undefined;
  }
}

function isPair(yaml: YamlFields, fields: TlsFields, cert: string, key: string): boolean {
  const leaf = certificatesOf(yaml, fields.cert, cert)?.[0];
  const privateKey = privateKeyOf(yaml, fields.key, key);
  if (leaf === undefined || privateKey === undefined) return false;
  const fits = leaf.checkPrivateKey(privateKey);
  if (!fits) yaml.problem(fields.key.field, 'is not the key of the certificate; give the pair');
  return fits;
}

function privateKeyOf(
  yaml: YamlFields,
  { field }: PemSource,
  pem: string,
): ReturnType<typeof createPrivateKey> | undefined {
  try {
    return createPrivateKey(pem);
  } catch (cause) {
    yaml.problem(field, 'holds no private key as PEM without a passphrase', cause);
    return undefined;
  }
}

function certificatesOf(
  yaml: YamlFields,
  { field }: PemSource,
  pem: string,
): readonly X509Certificate[] | undefined {
  try {
    const certificates = certificatesIn(pem);
    if (certificates.length > 0) return certificates;
    yaml.problem(field, 'holds no certificate as PEM');
  } catch (cause) {
    yaml.problem(field, 'holds a certificate that cannot be read', cause);
  }
  return undefined;
}
