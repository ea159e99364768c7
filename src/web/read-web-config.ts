import { createHash } from 'node:crypto';
import { dirname } from 'node:path';
import { fileStamp, readBounded, readProblem } from './file-text.ts';
import { parseHttp, parseRateLimit, parseTokens, parseUsers } from './parse-access.ts';
import { parseTls } from './parse-tls.ts';
import { WebConfigProblems } from './problems.ts';
import { loadTls, pemFilesOf } from './tls-material.ts';
import type { WebConfig } from './web-config.ts';
import { YamlFields } from './yaml-fields.ts';

const MOST_BYTES = 256 * 1024;
const FIELDS = [
  'tls_server_config',
  'http_server_config',
  'basic_auth_users',
  'rate_limit',
  'bearer_tokens',
];

/** What is known of the files while they are read, whether they are good or not. */
export interface Reading {
  /** Stamps of the files from before they were read, so that no change in between is missed. */
  readonly stamps: Map<string, string>;
}

/** A configuration, and a digest of all that it came from. */
export interface ReadWebConfig {
  readonly config: WebConfig;
  readonly digest: string;
}

/**
 * Reads a web configuration file and the files it names. Rejects with `invalid_web_config`, which
 * lists every problem with its line and remedy, or says that the file cannot be read.
 *
 * @param mostBcryptCost - the highest cost that a hash may have.
 * @param reading - filled with the stamps of the files as they come up.
 */
export async function readWebConfig(
  path: string,
  mostBcryptCost: number,
  reading: Reading,
): Promise<ReadWebConfig> {
  const problems = new WebConfigProblems(path);
  reading.stamps.set(path, await fileStamp(path));
  const yaml = new YamlFields(await readText(path, problems), problems);
  const fields = yaml.known(yaml.root, FIELDS);
  const http = parseHttp(yaml, fields.get('http_server_config'));
  const tlsFields = parseTls(yaml, fields.get('tls_server_config'), http.http2);
  const access = {
    ...http,
    users: parseUsers(yaml, fields.get('basic_auth_users'), mostBcryptCost),
    bearerTokens: parseTokens(yaml, fields.get('bearer_tokens')),
    rateLimit: parseRateLimit(yaml, fields.get('rate_limit')),
  };
  const folder = dirname(path);
  for (const file of tlsFields === undefined ? [] : pemFilesOf(tlsFields, folder)) {
    reading.stamps.set(file, await fileStamp(file));
  }
  const tls = tlsFields === undefined ? undefined : await loadTls(yaml, tlsFields, folder);
  problems.throwAny();
  const config = Object.freeze({ ...access, tls });
  return { config, digest: digestOf(config) };
}

async function readText(path: string, problems: WebConfigProblems): Promise<string> {
  try {
    const bytes = await readBounded(path, MOST_BYTES);
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    problems.add(
      undefined,
      cause instanceof TypeError ? 'is not UTF-8' : readProblem(cause),
      cause,
    );
    problems.throwAny();
    throw cause;
  }
}

function digestOf({ tls, http2, headers, users, bearerTokens, rateLimit }: WebConfig): string {
  const secrets = [users, bearerTokens].map((map) => [...map].map(([k, v]) => [k, v.reveal()]));
  const parts = [{ ...tls, key: tls?.key.reveal() }, http2, [...headers], secrets, rateLimit];
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64');
}
