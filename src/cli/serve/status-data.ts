import { loggableText } from '../../logging/error-text.ts';
import { processFacts } from '../../push/status-api.ts';
import { yamlOf } from '../../web/yaml-text.ts';
import type { AnyGroup, Leaf, Node } from '../settings/shape.ts';
import { durationText } from '../settings/value-types.ts';

const SECRET = '<secret>';

/** Settings as YAML, as their file could say them, without secrets. */
export function configurationText(root: AnyGroup, values: unknown): string {
  return yamlOf(shownOf(root, values));
}

/** @param isItem - whether it is part of an item, such as a source. */
function shownOf(node: Node, value: unknown, isItem = false): unknown {
  if (node.kind === 'leaf') return shownLeaf(node, value);
  if (node.kind === 'list') {
    return (value as readonly unknown[]).map((item) => shownOf(node.item, item, true));
  }
  const entries: Iterable<readonly [string, unknown]> =
    node.kind === 'names'
      ? (value as ReadonlyMap<string, unknown>)
      : Object.entries(value as Record<string, unknown>);
  const shown = [...entries].flatMap(([name, inner]) => {
    const child = node.kind === 'names' ? node.item : node.fields[name]!;
    // A source of text files has nothing of another page, and the other way round.
    if (isItem && child.kind === 'group' && isStandard(child, inner)) return [];
    const item = shownOf(child, inner, isItem || node.kind === 'names');
    return item === undefined || isEmpty(item) ? [] : [[name, item] as const];
  });
  return Object.fromEntries(shown);
}

/** Whether settings are as if nothing had been given. */
function isStandard(node: Node, value: unknown): boolean {
  if (node.kind === 'leaf') return value === node.default;
  if (node.kind !== 'group') return isEmpty(value instanceof Map ? [...value] : value);
  return Object.entries(node.fields).every(([name, child]) =>
    isStandard(child, (value as Record<string, unknown>)[name]),
  );
}

function isEmpty(shown: unknown): boolean {
  return typeof shown === 'object' && shown !== null && Object.keys(shown).length === 0;
}

function shownLeaf({ type, isSecret, flag }: Leaf<unknown>, value: unknown): unknown {
  if (value === undefined) return undefined;
  // A URL has its user and password left out; of a hash nothing is left.
  if (isSecret === true) return flag === undefined ? SECRET : loggableText(type.text(value));
  if (typeof value === 'string') return loggableText(value);
  return typeof value === 'boolean' || type.name === 'number' ? value : type.text(value);
}

/** What is known of a program that runs. */
export interface RuntimeState {
  readonly startedAt: number;
  readonly isReloaded: boolean;
  readonly reloadedAt: number;
  readonly retention: number | undefined;
}

/** `/api/v1/status/runtimeinfo`, by Prometheus's names. */
export function runtimeInfo(state: RuntimeState): Readonly<Record<string, unknown>> {
  const { startedAt, isReloaded, reloadedAt, retention } = state;
  return {
    ...processFacts(startedAt),
    reloadConfigSuccess: isReloaded,
    lastConfigTime: new Date(reloadedAt).toISOString(),
    storageRetention: retention === undefined ? '' : durationText(retention),
  };
}

/** `/api/v1/status/buildinfo`, by Prometheus's names; `goVersion` is empty. */
export function buildInfo(version: string): Readonly<Record<string, string>> {
  return {
    version,
    revision: '',
    branch: '',
    buildUser: '',
    buildDate: '',
    goVersion: '',
    nodeVersion: process.version,
  };
}
