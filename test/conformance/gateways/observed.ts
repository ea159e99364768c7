import type { Gateway, GatewayResponse } from './gateway-pair.ts';

/** What two gateways show differently. */
export interface Difference {
  /** What was compared: `status`, `body`, a header, `page`, or `groups`. */
  readonly of: string;
  readonly ours: string;
  readonly original: string;
}

const HEADERS: readonly string[] = [
  'content-type',
  'allow',
  'location',
  'x-content-type-options',
  'content-encoding',
  'cache-control',
  'access-control-allow-origin',
  'access-control-allow-methods',
  'access-control-allow-headers',
];
const INCONSISTENT = 'pushed metrics are invalid or inconsistent with existing metrics: ';

/** What differs between two responses to one request. */
export function responseDifferences(
  ours: GatewayResponse,
  original: GatewayResponse,
): readonly Difference[] {
  const pairs: [string, string, string][] = [
    ['status', String(ours.status), String(original.status)],
    ['body', shownBody(ours), shownBody(original)],
    ...HEADERS.map((name): [string, string, string] => [
      name,
      ours.headers[name] ?? '',
      original.headers[name] ?? '',
    ]),
  ];
  return differing(pairs);
}

function differing(pairs: readonly [string, string, string][]): readonly Difference[] {
  return pairs
    .filter(([, ours, original]) => ours !== original)
    .map(([of, ours, original]) => ({ of, ours, original }));
}

function shownBody({ body, headers, status }: GatewayResponse): string {
  const type = headers['content-type'] ?? '';
  // The page and the API are compared by themselves, the page for people is another one.
  if (status === 200 && /html|version=0\.0\.4|json/.test(type)) return type.split(';')[0]!;
  // The original goes on with the metric itself, in an order of its own.
  return body.startsWith(INCONSISTENT) ? INCONSISTENT : body;
}

/** What a gateway holds, as it shows it. */
interface State {
  /** Lines of pushed families, sorted, without times. */
  readonly page: readonly string[];
  /** HELP by the name of the family. */
  readonly helps: ReadonlyMap<string, string>;
  readonly groups: unknown;
  /** Whether the page fails. */
  readonly isBroken: boolean;
}

/** Where a gateway shows what it holds. */
export interface StatePaths {
  readonly page: string;
  readonly groups: string;
}

/** What two gateways hold differently, and whether the original shows nothing any more. */
export async function stateDifferences(
  ours: Gateway,
  original: Gateway,
  paths: StatePaths,
): Promise<{ readonly found: readonly Difference[]; readonly isBroken: boolean }> {
  // A deletion is queued: it is looked for again.
  for (let tries = 0; ; tries++) {
    const [own, theirs] = await Promise.all([stateOf(ours, paths), stateOf(original, paths)]);
    const pairs: [string, string, string][] = [
      ['page', ...onlyDiffering(own.page, theirs.page)],
      ['groups', ...textsOf(withoutHelp(own.groups), withoutHelp(theirs.groups))],
      ...helpPairs(own, theirs),
    ];
    let found = differing(pairs);
    if (found.length === 0) {
      found = differing([['helps of groups', ...textsOf(own.groups, theirs.groups)]]);
    }
    if (theirs.isBroken) return { found: [], isBroken: true };
    if (found.length === 0 || tries > 8) return { found, isBroken: false };
    await new Promise((resolve) => setTimeout(resolve, tries * 3));
  }
}

/** Of texts that differ, the end from a little before the first difference. */
function textsOf(ours: unknown, original: unknown): [string, string] {
  const [own, theirs] = [JSON.stringify(ours), JSON.stringify(original)];
  let at = 0;
  while (at < own.length && own[at] === theirs[at]) at++;
  const from = own === theirs ? 0 : Math.max(0, at - 120);
  return [own.slice(from, at + 300), theirs.slice(from, at + 300)];
}

/** Groups are in the order of their text, which is another one without HELP. */
function withoutHelp(groups: unknown): unknown {
  const text = JSON.stringify(groups, (key, value: unknown) =>
    key === 'help' ? undefined : value,
  );
  return inOrder(JSON.parse(text));
}

function onlyDiffering(ours: readonly string[], original: readonly string[]): [string, string] {
  const [own, theirs] = [new Set(ours), new Set(original)];
  const isSame = ours.length === original.length;
  return [
    ours.filter((line) => !theirs.has(line)).join('\n') || (isSame ? '' : `${ours.length} lines`),
    original.filter((line) => !own.has(line)).join('\n') ||
      (isSame ? '' : `${original.length} lines`),
  ];
}

/** Of families whose groups disagree on HELP, the original shows any, each time another. */
function helpPairs(ours: State, original: State): [string, string, string][] {
  const text = JSON.stringify(original.groups);
  return [...original.helps].flatMap(([name, help]): [string, string, string][] => {
    const own = ours.helps.get(name) ?? '';
    const isAny = text.includes(JSON.stringify({ help: own }).slice(1, -1));
    return own === help || isAny ? [] : [['help', `${name} ${own}`, `${name} ${help}`]];
  });
}

async function stateOf(gateway: Gateway, paths: StatePaths): Promise<State> {
  const [page, groups] = await Promise.all([
    gateway.send({ path: paths.page }),
    gateway.send({ path: paths.groups }),
  ]);
  const lines = page.body.split('\n');
  const samples = lines.filter((line) => /^\w[^#]*[{,]job="/.test(line)).map(withoutTime);
  const names = new Set(samples.map((line) => /^[^{]*/.exec(line)![0]));
  const isPushed = (name: string): boolean =>
    ['', '_bucket', '_sum', '_count'].some((suffix) => names.has(name + suffix));
  const types = lines.filter((line) => line.startsWith('# TYPE ') && isPushed(line.split(' ')[2]!));
  const helps = lines.flatMap((line): [string, string][] => {
    const [, name = '', help = ''] = /^# HELP (\S+) (.*)$/.exec(line) ?? [];
    return name !== '' && isPushed(name)
      ? [[name, help.replaceAll('\\n', '\n').replaceAll('\\\\', '\\')]]
      : [];
  });
  const { data } = JSON.parse(groups.status === 200 ? groups.body : '{}') as { data: unknown };
  return {
    page: [...samples, ...types].sort(),
    helps: new Map(helps),
    groups: inOrder(data ?? null),
    isBroken: page.status !== 200 || groups.status !== 200 || page.body === '',
  };
}

function withoutTime(line: string): string {
  return line.replace(/^(push_(?:failure_)?time_seconds\{.*\}) [1-9].*/, '$1 <time>');
}

/** The same value with arrays and keys in order, without times, buckets of infinity, and HELP. */
function inOrder(value: unknown, key = ''): unknown {
  if (Array.isArray(value)) {
    return value
      .map((item) => inOrder(item))
      .sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  }
  if (key === 'value' && /^1\.[0-9]+e\+09$/.test(String(value))) return '<time>';
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value)
    .filter(([name]) => name !== 'time_stamp' && !(key === 'buckets' && name === '+Inf'))
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([name, inner]) => [name, inOrder(inner, name)]));
}
