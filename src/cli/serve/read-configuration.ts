import { SnapscrapeError } from '../../model/errors.ts';
import { compileLifetimes } from '../../push/group-lifetimes.ts';
import { fileStamp, readBounded, readProblem } from '../../web/file-text.ts';
import type { Flag, FlagTexts } from '../settings/flags.ts';
import { type Problem, UsageError, usage } from '../settings/problems.ts';
import {
  type FixedValue,
  type ReadSettings,
  readSettings,
  settingsFile,
} from '../settings/read-settings.ts';
import {
  SERVE_SETTINGS,
  type ServeSettings,
  type SourceSettings,
} from '../settings/serve-settings.ts';
import type { SourceSecrets } from './source-reader.ts';

/** A configuration that was read and checked, with the files that it names. */
export interface Configuration {
  readonly settings: ServeSettings;
  readonly fixed: ReadonlyMap<string, FixedValue>;
  /** The URL of the store, which may have a password. */
  readonly storeUrl: string;
  /** By the names of sources. */
  readonly secrets: ReadonlyMap<string, SourceSecrets>;
  /** The files that were read, and what they were like. */
  readonly stamps: ReadonlyMap<string, string>;
  readonly file: string | undefined;
}

/** Where a configuration is read from. */
export interface ConfigurationOrigin {
  readonly flags: readonly Flag[];
  readonly args: FlagTexts;
  readonly environment: FlagTexts;
  readonly file: string | undefined;
  /** The path of the page with all metrics, which no view may have. */
  readonly metricsPath: string;
}

/**
 * Reads the configuration and the files that it names.
 *
 * @param stamps - gets the files that were read, also if one of them is wrong.
 * @throws UsageError with every problem.
 */
export async function readConfiguration(
  { flags, args, environment, file, metricsPath }: ConfigurationOrigin,
  stamps: Map<string, string> = new Map(),
): Promise<Configuration> {
  const text = file === undefined ? undefined : await readFile(file, '--config.file', stamps);
  const origin = file === undefined ? undefined : await settingsFile(file, text!);
  const read = readSettings(SERVE_SETTINGS, flags, { args, environment, file: origin });
  const { values: settings, fixed } = read;
  rejectShownPassword(args);
  const problems = [...takenNames(read), ...takenPaths(read, metricsPath)];
  for await (const problem of wrongSelectors(read)) problems.push(problem);
  if (problems.length > 0) throw new UsageError(problems, file);
  const secrets = new Map<string, SourceSecrets>();
  for (const source of settings.sources) {
    secrets.set(source.name, await secretsOf(source, stamps));
  }
  const { url, url_file: urlFile } = settings.storage;
  const storeUrl =
    urlFile === undefined ? url : (await readFile(urlFile, 'storage.url_file', stamps)).trim();
  return { settings, fixed, storeUrl, secrets, stamps, file };
}

/** Every user of the machine sees the arguments of a process. */
function rejectShownPassword(args: FlagTexts): void {
  const url = args.get('storage.url')?.[0] ?? '';
  if (!/\/\/[^/@]*:[^/@]+@/.test(url)) return;
  throw usage(
    '--storage.url has a password, which ps shows; put the URL in a file: --storage.url-file',
  );
}

type Read = ReadSettings<ServeSettings>;

function takenNames({ values, places }: Read): readonly Problem[] {
  const names = values.sources.map(({ name }) => name);
  return names.flatMap((name, at) => {
    if (name !== 'store' && names.indexOf(name) === at) return [];
    const text = `sources: the name ${name} is taken; choose another`;
    return [{ place: places.get(`sources[${at}].name`), text }];
  });
}

/** Views at paths that something else has. */
function takenPaths({ values, places }: Read, metricsPath: string): readonly Problem[] {
  const paths = values.views.map(({ path }) => path);
  return paths.flatMap((path, at) => {
    const isOwn = /^\/(-|api)(\/|$)/.test(path) || path === metricsPath;
    if (!isOwn && paths.indexOf(path) === at) return [];
    const text = `views: the path ${path} is taken; choose another`;
    return [{ place: places.get(`views[${at}].path`), text }];
  });
}

/** Selectors that cannot be read, so that a check of the configuration finds them. */
async function* wrongSelectors({ values, places }: Read): AsyncGenerator<Problem> {
  const { push, views } = values;
  const selectors = [
    ...push.rules.map(({ match }, at) => {
      const key = `push.rules[${at}].match`;
      return { key, name: key, match };
    }),
    ...views.flatMap(({ path, match: all }, at) =>
      all.map((match, part) => {
        return { key: `views[${at}].match[${part}]`, name: `views: match of ${path}`, match };
      }),
    ),
  ];
  for (const { key, name, match } of selectors) {
    try {
      await compileLifetimes([{ match, ttlMs: 0 }], 0);
    } catch (error) {
      if (!(error instanceof SnapscrapeError)) throw error;
      yield { place: places.get(key), text: `${name}: ${error.message}` };
    }
  }
}

async function secretsOf(
  { name, exposition }: SourceSettings,
  stamps: Map<string, string>,
): Promise<SourceSecrets> {
  const { authorization, basic_auth: user, tls_config: tls } = exposition;
  const read = async (file: string | undefined, key: string): Promise<string | undefined> =>
    file === undefined ? undefined : readFile(file, `the source ${name}: ${key}`, stamps);
  const line = async (file: string | undefined, key: string): Promise<string | undefined> =>
    (await read(file, key))?.trim();
  return {
    credentials: await line(authorization.credentials_file, 'authorization.credentials_file'),
    password: await line(user.password_file, 'basic_auth.password_file'),
    ca: await read(tls.ca_file, 'tls_config.ca_file'),
    cert: await read(tls.cert_file, 'tls_config.cert_file'),
    key: await read(tls.key_file, 'tls_config.key_file'),
  };
}

async function readFile(path: string, key: string, stamps: Map<string, string>): Promise<string> {
  stamps.set(path, await fileStamp(path));
  try {
    return (await readBounded(path)).toString('utf8');
  } catch (cause) {
    throw usage(`${key}: ${path} ${readProblem(cause)}`);
  }
}

/**
 * Throws a {@link UsageError} that names the keys which only a restart changes.
 *
 * @param before - what is in force.
 */
export function rejectRestart(before: Configuration, next: Configuration): void {
  const keys = new Set([...before.fixed.keys(), ...next.fixed.keys()]);
  const problems = [...keys]
    .filter((key) => before.fixed.get(key)?.text !== next.fixed.get(key)?.text)
    .map((key) => ({
      place: next.fixed.get(key)?.place,
      text: `${key} was changed, which needs a restart; the rest waits with it`,
    }));
  if (before.storeUrl !== next.storeUrl && problems.length === 0) {
    const text = 'storage.url_file has another URL, which needs a restart; the rest waits with it';
    problems.push({ place: undefined, text });
  }
  if (problems.length > 0) throw new UsageError(problems, next.file);
}
