import { SnapscrapeError } from '../../model/errors.ts';
import type { FamilyMetadata } from '../../model/family-metadata.ts';
import type { MetricPoint } from '../../model/metric-point.ts';
import type { Many, SnapshotReader } from '../../model/snapshot-reader.ts';
import { expositionSource } from '../../sources/exposition-source.ts';
import { textFileSource } from '../../sources/text-file-source.ts';
import type { SourceSettings } from '../settings/serve-settings.ts';
import type { StateLog } from '../state-log.ts';

/** What the files say that the settings of a source name. */
export interface SourceSecrets {
  readonly credentials: string | undefined;
  readonly password: string | undefined;
  readonly ca: string | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
}

/** What a source needs beside its own settings. */
interface SourceParts {
  /** The metadata of families that is configured, by name. */
  readonly configured: ReadonlyMap<string, FamilyMetadata>;
  readonly states: StateLog;
}

/** Makes the reader of a source, with its labels and its limits. */
export function sourceReader(
  settings: SourceSettings,
  secrets: SourceSecrets,
  { configured, states }: SourceParts,
): SnapshotReader {
  const { name, textfile, labels, sample_limit: limit } = settings;
  const source =
    textfile.directory === undefined
      ? expositionOf(settings, secrets)
      : textFileSource(textfile.directory, {
          maxFileBytes: settings.body_size_limit,
          retention: textfile.retention ?? Infinity,
          onError: (error) => states.error('source', `A file of ${name} is wrong`, error),
          onRecovery: (path) => states.info('source', `A file of ${name} is right again`, { path }),
        });
  const change = changeOf(name, [...labels], limit ?? Infinity);
  const isChanged = labels.size > 0 || limit !== undefined;
  return {
    snapshot: async (read) => {
      const points = await source.snapshot(read);
      return isChanged ? changed(points, change) : points;
    },
    families: async (read) => {
      const filled: FamilyMetadata[] = [];
      for await (const own of await source.families!(read)) {
        filled.push(filledUp(own, configured.get(own.name)));
      }
      return filled;
    },
  };
}

/** What a source says of a family, and the rest as it is configured. */
function filledUp(own: FamilyMetadata, configured: FamilyMetadata | undefined): FamilyMetadata {
  if (configured === undefined) return own;
  const { type, help = configured.help, unit = configured.unit } = own;
  return { ...own, type: type === 'unknown' ? configured.type : type, help, unit };
}

function expositionOf(
  { exposition, refresh_timeout: timeout, body_size_limit: maxBytes }: SourceSettings,
  { credentials, password, ca, cert, key }: SourceSecrets,
): SnapshotReader {
  const { authorization, basic_auth: user, tls_config: tls } = exposition;
  const basic = Buffer.from(`${user.username}:${password}`).toString('base64');
  const header =
    credentials !== undefined
      ? { authorization: `${authorization.type} ${credentials}` }
      : password !== undefined
        ? { authorization: `Basic ${basic}` }
        : {};
  const given = { ca, cert, key, servername: tls.server_name };
  return expositionSource(exposition.url!, {
    timeout,
    maxBytes,
    headers: header,
    tls: {
      ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
      rejectUnauthorized: !tls.insecure_skip_verify,
    },
  });
}

type Change = (point: MetricPoint) => MetricPoint;

/** Gives a point the labels of its source. Throws `refresh_failed` beyond the limit. */
function changeOf(
  source: string,
  labels: readonly (readonly [string, string])[],
  limit: number,
): () => Change {
  return () => {
    let count = 0;
    return (point) => {
      if (++count > limit) {
        const message = `The source ${source} has more than ${limit} series; raise its sample_limit, or give it fewer`;
        throw new SnapscrapeError('refresh_failed', message);
      }
      return labels.length === 0 ? point : { ...point, labels: labelled(point.labels, labels) };
    };
  };
}

function labelled(
  before: MetricPoint['labels'],
  added: readonly (readonly [string, string])[],
): Record<string, string> {
  const own: readonly (readonly [string, unknown])[] = Object.entries(before ?? {});
  const labels = new Map(own.map(([name, text]) => [name, String(text)]));
  for (const [name, value] of added) {
    const taken = labels.get(name);
    let exported = `exported_${name}`;
    while (labels.has(exported)) exported = `exported_${exported}`;
    if (taken !== undefined && taken !== '') labels.set(exported, taken);
    labels.set(name, value);
  }
  return Object.fromEntries(labels);
}

function changed(points: Many<MetricPoint>, change: () => Change): Many<MetricPoint> {
  const next = change();
  return Symbol.iterator in points ? each(points, next) : eachLater(points, next);
}

function* each(points: Iterable<MetricPoint>, change: Change): Generator<MetricPoint> {
  for (const point of points) yield change(point);
}

async function* eachLater(
  points: AsyncIterable<MetricPoint>,
  change: Change,
): AsyncGenerator<MetricPoint> {
  for await (const point of points) yield change(point);
}
