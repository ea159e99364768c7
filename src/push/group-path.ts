import { isUtf8 } from 'node:buffer';
import { isLabelName, unescapeValuesName } from '../model/key/index.ts';
import { goQuotedText } from './go-quote.ts';
import { PushError } from './pushed-families.ts';

/** The labels of a group, `job` among them. `instance` without a value is not among them. */
export type GroupLabels = ReadonlyMap<string, string>;

const BASE64 = '@base64';

/**
 * Reads the group that a path names behind `/metrics/`: `job/<job>{/<label>/<value>}`, where each
 * name may end in `@base64`.
 *
 * @param job - the value of the job, and whether it is base64.
 * @param rest - what follows the job, from a slash on, decoded; `''` or `/` for nothing.
 * @param allowsUtf8 - whether label names may have any character, also as `U__…`.
 * @throws PushError of status 400 with the text of the original.
 */
export function readGroupLabels(
  job: { readonly text: string; readonly isBase64: boolean },
  rest: string,
  allowsUtf8: boolean,
): GroupLabels {
  const jobBytes = job.isBase64 ? decoded(job.text, 'in job name ""') : undefined;
  const bytes = new Map<string, Buffer | undefined>();
  const labels = new Map<string, string>();
  const components = rest.length > 1 ? rest.slice(1).split('/') : [];
  if (components.length % 2 !== 0) {
    throw refused(`odd number of components in label string ${goQuotedText(rest)}`);
  }
  for (let at = 0; at < components.length; at += 2) {
    const given = components[at]!;
    const isBase64 = given.endsWith(BASE64);
    const escaped = isBase64 ? given.slice(0, -BASE64.length) : given;
    const name = allowsUtf8 ? unescapedName(escaped) : escaped;
    const isLegal = allowsUtf8 ? name !== '' && name.isWellFormed() : isLabelName(name);
    if (!isLegal || name.startsWith('__')) {
      throw refused(`improper label name ${goQuotedText(escaped)}`);
    }
    const text = components[at + 1]!;
    const place = `for label ${escaped}=${goQuotedText(text)}`;
    const value = isBase64 ? decoded(text, place) : undefined;
    labels.set(name, value?.toString() ?? text);
    bytes.set(name, value);
  }
  const jobName = jobBytes?.toString() ?? job.text;
  if (jobName === '') throw refused('job name is required');
  labels.set('job', jobName);
  bytes.set('job', jobBytes);
  // Of a label that is given twice only the last value counts.
  for (const [name, value] of bytes) {
    if (value !== undefined && !isUtf8(value)) {
      throw refused(`the value of label ${name} is not valid UTF-8`);
    }
  }
  // The page shows `instance=""` of each group that has none: it is the same group.
  if (labels.get('instance') === '') labels.delete('instance');
  return labels;
}

/** Names that are not escaped, or not soundly, stay as they are. */
function unescapedName(name: string): string {
  return name.startsWith('U__') ? (unescapeValuesName(name) ?? name) : name;
}

function decoded(text: string, place: string): Buffer {
  const plain = text.replace(/=+$/, '');
  const wrong = plain.search(/[^A-Za-z0-9_-]/);
  // Four digits are three bytes; of a single one there is no byte.
  const at = wrong >= 0 ? wrong : plain.length % 4 === 1 ? plain.length - 1 : -1;
  if (at >= 0) {
    throw refused(`invalid base64 encoding ${place}: illegal base64 data at input byte ${at}`);
  }
  return Buffer.from(plain, 'base64url');
}

function refused(message: string): PushError {
  return new PushError(400, 'path', message);
}
