import type { ExposedFamily } from './exposition.ts';
import type { LintRule } from './lint-rules.ts';

const BASE_UNITS = [
  'amperes',
  'bytes',
  'celsius',
  'grams',
  'joules',
  'kelvin',
  'meters',
  'metres',
  'seconds',
  'volts',
];

/** Units and the base unit of each, as promlint has them. */
const UNITS: ReadonlyMap<string, string> = new Map([
  ...BASE_UNITS.map((unit) => [unit, unit] as const),
  ...(
    [
      ['seconds', 'minutes hours days weeks'],
      ['kelvin', 'kelvins'],
      ['celsius', 'fahrenheit rankine'],
      ['meters', 'inches yards miles'],
      ['bytes', 'bits'],
      ['joules', 'calories'],
      ['grams', 'pounds ounces'],
    ] as const
  ).flatMap(([base, units]) => units.split(' ').map((unit) => [unit, base] as const)),
]);
const PREFIXES =
  'pico nano micro milli centi deci deca hecto kilo kibi mega mebi giga gibi tera tebi peta pebi'.split(
    ' ',
  );
const ABBREVIATIONS = 's ms us ns sec b kb mb gb tb pb m h d'.split(' ');
const CAMEL_CASE = /[a-z][A-Z]/;

/** One rule that a name breaks, and what of it. */
export interface NameFinding {
  readonly rule: LintRule;
  readonly detail?: string;
}

/**
 * What is unusual about a family's name, type and HELP: the validations of promlint that look at
 * nothing else.
 */
export function* nameFindings({ name, type, help }: ExposedFamily): Generator<NameFinding> {
  if (help === undefined) yield { rule: 'help_missing' };
  const unit = unitOf(name);
  if (unit !== undefined && unit[0] !== unit[1]) {
    yield { rule: 'base_unit', detail: `use ${unit[1]} instead of ${unit[0]}` };
  }
  const lower = name.toLowerCase();
  if (type !== 'unknown') {
    const isTotal = name.endsWith('_total');
    if (isTotal !== (type === 'counter'))
      yield { rule: 'total_suffix', detail: `this is a ${type}` };
    const suffix = reservedSuffix(name, type);
    if (suffix !== undefined) yield { rule: 'reserved_suffix', detail: suffix };
    const isNamed = hasPart(lower, type) && !(type === 'info' && name.endsWith('_info'));
    if (isNamed) yield { rule: 'type_in_name', detail: type };
  }
  if (name.includes(':')) yield { rule: 'colon_in_name' };
  if (CAMEL_CASE.test(name)) yield { rule: 'camel_case' };
  const short = ABBREVIATIONS.find((part) => hasPart(lower, part));
  if (short !== undefined) yield { rule: 'abbreviated_unit', detail: short };
}

/** What is unusual about a label of a family. */
export function* labelFindings(label: string, { type }: ExposedFamily): Generator<NameFinding> {
  if (CAMEL_CASE.test(label)) yield { rule: 'camel_case', detail: `the label ${label}` };
  if (type === 'unknown') return;
  const isReserved =
    (label === 'le' && type !== 'histogram') || (label === 'quantile' && type !== 'summary');
  if (isReserved) yield { rule: 'reserved_label_name', detail: label };
}

/** The base unit that a name ends in, `_total` left out. */
export function endingUnit(name: string): string | undefined {
  const plain = name.endsWith('_total') ? name.slice(0, -6) : name;
  return BASE_UNITS.find((unit) => plain.endsWith(`_${unit}`));
}

/** The first part of a name that is a unit, and its base unit. */
function unitOf(name: string): readonly [unit: string, base: string] | undefined {
  for (const part of name.slice(0, 4096).split('_')) {
    const base = UNITS.get(part);
    if (base !== undefined) return [part, base];
    const prefix = PREFIXES.find(
      (start) => part.startsWith(start) && UNITS.has(part.slice(start.length)),
    );
    if (prefix !== undefined) return [part, UNITS.get(part.slice(prefix.length))!];
  }
  return undefined;
}

function reservedSuffix(name: string, type: ExposedFamily['type']): string | undefined {
  if (type !== 'histogram' && name.endsWith('_bucket')) return '_bucket';
  if (type === 'histogram' || type === 'summary') return undefined;
  return ['_count', '_sum'].find((suffix) => name.endsWith(suffix));
}

function hasPart(name: string, part: string): boolean {
  return name.includes(`_${part}_`) || name.endsWith(`_${part}`);
}
