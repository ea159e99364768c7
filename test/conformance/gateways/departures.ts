import { gunzipSync } from 'node:zlib';
import type { Found } from './comparing.ts';
import type { GatewayRequest } from './push-scenarios.ts';

/** Why a difference is meant, by a name. */
interface Departure {
  readonly name: string;
  readonly matches: (found: Found, decoded: string) => boolean;
}

const MORE_HEADERS: readonly string[] = ['cache-control', 'x-content-type-options'];
const ANSWER: readonly string[] = ['status', 'body', 'content-type', 'location', 'allow'];

/** Whether a difference is of the response, not of what is held. */
function isAnswer({ difference }: Found): boolean {
  return ANSWER.includes(difference.of);
}

/** Whether this request, or one before it, has a path that a pattern matches. */
function hasPath({ before, request }: Found, pattern: RegExp): boolean {
  return [...before, request].some(({ path }) => pattern.test(path));
}

function hasBody({ before, request }: Found, pattern: RegExp): boolean {
  return [...before, request].some((each) => pattern.test(unpacked(each).toString('latin1')));
}

/** Whether a body of protobuf has a family without metrics. */
function hasEmptyFamily(request: GatewayRequest): boolean {
  if (!/protobuf/i.test(request.headers['content-type'] ?? '')) return false;
  const body = unpacked(request);
  for (let at = 0; at < body.length; at += body[at]! + 1) {
    if (!body.subarray(at + 1, at + 1 + body[at]!).includes('\x22')) return true;
  }
  return false;
}

/** The body as it was before it was packed. */
function unpacked({ headers, body }: GatewayRequest): Buffer {
  try {
    return headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body;
  } catch {
    return body;
  }
}

function statusOf({ responses: [ours, original] }: Found): string {
  return `${ours.status} ${original.status}`;
}

/** Lines with each number as JavaScript writes it. */
function numeric(lines: string): string {
  return lines
    .replace(/ \S+$/gm, (text) => ` ${Number(text)}`)
    .split('\n')
    .sort()
    .join('\n');
}

/** A name in protobuf, behind its length, that is none in text. */
const ODD_PROTOBUF_NAME = /\n[^ -~](?:9|a\.b|[a-z]*[.-][a-z]+|\xc3\xa9)/;
const BOTH_400 = '400 400';

// `old`: so does version 1.5.1, which Debian has, and 1.11.3 as ours. `fault`: one of the marked
// faults. All others are of ours.
const DEPARTURES: readonly Departure[] = [
  {
    // No browser keeps a response, or guesses what it is.
    name: 'ours has more headers',
    matches: ({ difference: { of, original } }) => MORE_HEADERS.includes(of) && original === '',
  },
  {
    name: 'old: an unclean path is cleaned without its escapes, and redirected by 301',
    matches: (found, path) =>
      /\/\/|\/\.\.?(?:\/|$)|\/api\/v1$/.test(path) && statusOf(found).endsWith(' 301'),
  },
  {
    name: 'old: scrapes have no escaping in their Content-Type',
    matches: ({ difference: { of, original } }) =>
      of === 'content-type' && original.startsWith('text/plain; version=0.0.4'),
  },
  {
    name: 'fault 4.1: a group with instance="" is another group than the one without',
    matches: (found) => hasPath(found, /\/instance(?:@base64\/=*|\/)(?:\/|$)/),
  },
  {
    name: 'fault 4.1: a label value that is not UTF-8 is taken',
    matches: (found) => hasPath(found, /%ff|@base64\/_w/),
  },
  {
    name: 'fault 4.2: a protobuf family without a name is taken',
    matches: (found) =>
      isAnswer(found) &&
      statusOf(found) === '400 200' &&
      /has no name/.test(found.responses[0].body),
  },
  {
    // The original's scrape ends in an error.
    name: 'fault 4.2: a protobuf family of an unknown type is taken',
    matches: (found) =>
      statusOf(found) === '400 200' && /the type \d+ is unknown/.test(found.responses[0].body),
  },
  {
    name: 'old: names of protobuf are not escaped, and not all are taken',
    matches: (found) => hasBody(found, ODD_PROTOBUF_NAME),
  },
  {
    name: 'old: names in quotes are none',
    matches: (found) =>
      found.difference.of === 'body' &&
      statusOf(found) === BOTH_400 &&
      /invalid metric name(?: in comment)?$/m.test(found.difference.original) &&
      /name/.test(found.difference.ours),
  },
  {
    name: 'old: a reserved label is named before what follows it',
    matches: ({ difference: { original } }) => original.includes('"__name__" is reserved'),
  },
  {
    name: 'old: an escape in the word of a type is read',
    matches: ({ responses: [ours] }) => /unknown metric type .*\\\\/.test(ours.body),
  },
  {
    name: 'old: malformed protobuf is taken',
    matches: (found) =>
      statusOf(found) === '400 200' && /^(?:proto:|unexpected EOF)/.test(found.responses[0].body),
  },
  {
    name: 'an error repeats at most 1024 bytes of a request',
    matches: (found) => statusOf(found) === BOTH_400 && found.difference.original.length > 1024,
  },
  {
    name: 'what is pushed of push_time_seconds by protobuf must be sound',
    matches: (found) => statusOf(found) === '400 200' && hasBody(found, /push_time_seconds/),
  },
  {
    name: 'old: native and gauge histograms are not known',
    matches: ({ request, difference: { of, ours, original } }) => {
      const isGauge = unpacked(request).includes(Buffer.from([0x18, 5]));
      const isNative = of === 'groups' && ours.includes('"buckets":[[');
      return isGauge || isNative || original.includes('GAUGE_HISTOGRAM');
    },
  },
  {
    // Prometheus reads no line with a label twice.
    name: 'a histogram has no label le of its own, and a summary no quantile',
    matches: ({ responses: [ours] }) => /has a label (?:le|quantile) of its own/.test(ours.body),
  },
  {
    name: 'a name is UTF-8',
    matches: ({ responses: [ours] }) => /is not (?:valid UTF-8|utf8)/.test(ours.body),
  },
  {
    name: 'JSON has one HELP of a family, for all groups',
    matches: ({ difference: { of } }) => of === 'helps of groups',
  },
  {
    // Here it cannot be read: the original sends a body to HEAD.
    name: 'bad escapes are refused with a body',
    matches: ({ request: { method, path } }) => method === 'HEAD' && path.includes('%zz'),
  },
  {
    name: 'types of families without metrics are not checked',
    matches: (found) => statusOf(found) === '200 400' && hasEmptyFamily(found.request),
  },
  {
    name: 'JSON has no families without metrics',
    matches: ({ difference: { of, original, ours } }) =>
      of === 'groups' && /"metrics":\[\]/.test(original) && !/"metrics":\[\]/.test(ours),
  },
  {
    name: 'counts from a million on are written without an exponent',
    matches: ({ difference: { of, ours, original } }) =>
      of === 'page' && numeric(ours) === numeric(original),
  },
  {
    name: 'fault 4.4: a pushed push_failure_time_seconds counts',
    matches: (found) => hasBody(found, /push_failure_time_seconds/),
  },
  {
    name: 'fault 4.5: a family has the place of a key of the group',
    matches: (found) =>
      found.difference.of === 'groups' && hasBody(found, /labels|last_push_successful/),
  },
  {
    name: 'old: other words for malformed protobuf',
    matches: (found) =>
      found.difference.of === 'body' &&
      statusOf(found) === BOTH_400 &&
      /^(?:proto:|unexpected EOF)/.test(found.difference.original),
  },
  {
    name: 'of two faults of a request, the one of its path comes before that of gzip',
    matches: (found) =>
      found.difference.of === 'body' &&
      statusOf(found) === BOTH_400 &&
      /^(?:EOF|gzip)/.test(found.difference.original),
  },
  {
    name: 'unchecked: an inconsistent push is not kept',
    matches: (found) =>
      found.profile === 'unchecked' &&
      !isAnswer(found) &&
      found.difference.ours.includes('push_failure_time'),
  },
  {
    name: 'none of the files of the page',
    matches: ({ request: { path } }) => path.includes('/static'),
  },
  {
    name: 'a path has no bytes above 127',
    matches: (found) => hasPath(found, /[^\x20-\x7e]/),
  },
];

/** The name of the departure that a difference is; undefined if it is none. */
export function departureOf(found: Found): string | undefined {
  let decoded = found.request.path.split('?', 1)[0]!;
  try {
    decoded = decodeURIComponent(decoded);
  } catch {
    // As it came.
  }
  return DEPARTURES.find(({ matches }) => matches(found, decoded))?.name;
}
