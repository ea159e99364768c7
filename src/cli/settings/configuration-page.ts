import type { Flag } from './flags.ts';
import { defaultText } from './help.ts';
import type { AnyGroup, Leaf, Node } from './shape.ts';

// The tables of docs/configuration.md and the JSON Schema for editors.

/** A table of flags: their variables, keys and defaults. */
export function flagTable(flags: readonly Flag[]): string {
  const rows = flags.map((flag) => [
    `\`--${flag.name}\``,
    `\`${flag.variable}\``,
    code(flag.key ?? ''),
    code(defaultText(flag)),
  ]);
  return table(['Flag', 'Variable', 'Key', 'Default'], rows);
}

/** A table of the keys of a configuration file. */
export function keyTable(root: AnyGroup): string {
  const rows = leavesOf(root, '').map(([key, leaf]) => [
    `\`${key}\``,
    leaf.isRequired === true ? 'needed' : code(textOf(leaf)),
    leaf.isFixed === true ? 'restart' : '',
  ]);
  return table(['Key', 'Default', 'A change needs'], rows);
}

/** What each key means, as a list. */
export function keyList(root: AnyGroup): string {
  return leavesOf(root, '')
    .map(([key, { help }]) => `- \`${key}\`: ${help}\n`)
    .join('');
}

/** The JSON Schema of a configuration file. */
export function jsonSchema(node: Node): Readonly<Record<string, unknown>> {
  const { help: description } = node;
  if (node.kind === 'leaf') return { ...node.type.schema, description };
  if (node.kind === 'list') return { type: 'array', items: jsonSchema(node.item), description };
  if (node.kind === 'names') {
    return { type: 'object', additionalProperties: jsonSchema(node.item), description };
  }
  const fields = Object.entries(node.fields);
  const needed = fields.flatMap(([name, field]) =>
    field.kind === 'leaf' && field.isRequired === true ? [name] : [],
  );
  return {
    type: 'object',
    description,
    properties: Object.fromEntries(fields.map(([name, field]) => [name, jsonSchema(field)])),
    additionalProperties: false,
    ...(needed.length === 0 ? {} : { required: needed }),
  };
}

/** The names of all keys of a configuration file, such as `sources[].labels.<name>`. */
export function keysOf(root: AnyGroup): readonly string[] {
  return leavesOf(root, '').map(([key]) => key);
}

function leavesOf(node: Node, path: string): readonly (readonly [string, Leaf<unknown>])[] {
  if (node.kind === 'leaf') return [[path, node]];
  if (node.kind === 'list') return leavesOf(node.item, `${path}[]`);
  if (node.kind === 'names') return leavesOf(node.item, `${path}.<name>`);
  return Object.entries(node.fields).flatMap(([name, field]) =>
    leavesOf(field, path === '' ? name : `${path}.${name}`),
  );
}

function textOf(leaf: Leaf<unknown>): string {
  return leaf.default === undefined ? '' : leaf.type.text(leaf.default);
}

const code = (text: string): string => (text === '' ? '' : `\`${text.replaceAll('|', '\\|')}\``);

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |\n`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('');
}
