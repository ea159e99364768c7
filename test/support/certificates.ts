import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach } from 'vitest';

/** A certificate and its key, as files and as PEM. */
export interface Certificate {
  readonly certFile: string;
  readonly keyFile: string;
  readonly cert: string;
  readonly key: string;
}

/**
 * Skips every test of the enclosing suite, and says so, where a program of the system is missing.
 */
export function skipWithoutCommand(command: string): void {
  const missing = spawnSync(command, ['-v']).error !== undefined;
  beforeEach((context) => {
    context.skip(missing, `${command} is missing; install it with the system's packages`);
  });
}

/** Whether certificates can be made here. */
export const hasOpenssl: boolean = spawnSync('openssl', ['version']).error === undefined;

const SIGNS_OTHERS = [
  'basicConstraints=critical,CA:TRUE',
  'keyUsage=critical,keyCertSign,digitalSignature',
];

/**
 * A certificate that signs others.
 *
 * @param authority - signs it; without one it signs itself.
 */
export function makeAuthority(
  folder: string,
  name: string,
  authority?: Certificate,
  days = 30,
): Certificate {
  return make(folder, name, SIGNS_OTHERS, authority, days);
}

/**
 * A certificate that an authority signs; without one it signs itself.
 *
 * @param names - as in `subjectAltName`, such as `DNS:localhost,IP:127.0.0.1`.
 */
export function makeCertificate(
  folder: string,
  name: string,
  names: string,
  authority?: Certificate,
  days = 30,
): Certificate {
  const usage = 'extendedKeyUsage=serverAuth,clientAuth';
  return make(folder, name, [`subjectAltName=${names}`, usage], authority, days);
}

function make(
  folder: string,
  name: string,
  extensions: readonly string[],
  authority?: Certificate,
  days = 30,
): Certificate {
  mkdirSync(folder, { recursive: true });
  const [certFile, keyFile] = [join(folder, `${name}.crt`), join(folder, `${name}.key`)];
  const request = [...NEW_KEY, '-keyout', keyFile, '-subj', `/CN=${name}`];
  if (authority === undefined) {
    const added = extensions.flatMap((extension) => ['-addext', extension]);
    openssl(['req', '-x509', '-days', String(days), ...request, ...added, '-out', certFile]);
  } else {
    const [csr, ext] = [`${certFile}.csr`, `${certFile}.ext`];
    writeFileSync(ext, extensions.join('\n'));
    openssl(['req', ...request, '-out', csr]);
    const signer = ['-CA', authority.certFile, '-CAkey', authority.keyFile, '-CAcreateserial'];
    const signed = ['x509', '-req', '-in', csr, ...signer, '-extfile', ext, '-out', certFile];
    openssl([...signed, '-days', String(days)]);
  }
  return {
    certFile,
    keyFile,
    cert: readFileSync(certFile, 'utf8'),
    key: readFileSync(keyFile, 'utf8'),
  };
}

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

function openssl(args: readonly string[]): void {
  execFileSync('openssl', args, { stdio: 'pipe' });
}

/** A client's certificate that is valid until a moment, to the second. */
export function makeShortCertificate(
  folder: string,
  name: string,
  authority: Certificate,
  until: Date,
): Certificate {
  const { certFile, ...rest } = makeCertificate(folder, name, 'DNS:scraper', authority);
  // Only `openssl ca` takes times; it keeps books on what it signs.
  const books = join(folder, `${name}.books`);
  writeFileSync(books, '');
  writeFileSync(
    `${books}.conf`,
    `[ca]\ndefault_ca=own\n[own]\ndatabase=${books}\nnew_certs_dir=${folder}\nrand_serial=yes\n` +
      'default_md=sha256\npolicy=any\n[any]\ncommonName=supplied\n',
  );
  const end = until.toISOString().replace(/[-:T]|\.\d+/g, '');
  const signer = ['-cert', authority.certFile, '-keyfile', authority.keyFile];
  const times = ['-startdate', '20200101000000Z', '-enddate', end];
  const files = ['-in', `${certFile}.csr`, '-extfile', `${certFile}.ext`, '-out', certFile];
  openssl(['ca', '-batch', '-notext', '-config', `${books}.conf`, ...signer, ...times, ...files]);
  return { certFile, ...rest, cert: readFileSync(certFile, 'utf8') };
}
