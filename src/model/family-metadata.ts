import { isMetricName } from './key/index.ts';

/**
 * The type of a family, as in OpenMetrics 1.0.0.
 *
 * Flat points cannot yet express histograms, summaries, info metrics and state sets.
 */
export type FamilyType = 'counter' | 'gauge' | 'unknown';

/** What HELP, TYPE and UNIT say of a family. A family without metadata is a gauge. */
export interface FamilyMetadata {
  /** The metric name as its points carry it, so a counter's ends in `_total`. */
  readonly name: string;
  /**
   * The type. Points of a `counter` must be neither negative nor NaN. A counter whose name lacks
   * `_total` is `unknown` in OpenMetrics, which knows no such counter (OpenMetrics 1.0.0, Counter).
   */
  readonly type: FamilyType;
  /** One line of explanation; any well-formed Unicode of up to 1 048 576 characters. */
  readonly help?: string | undefined;
  /** The base unit; the name (without `_total`) must end in `_` and the unit. OpenMetrics only. */
  readonly unit?: string | undefined;
}

/** Metadata that could not be used as given, and why. */
export interface FamilyMetadataFault {
  /** The family, or what was given in place of its name, cut to 200 characters. */
  readonly name: string;
  /** What is wrong, and the remedy. */
  readonly message: string;
}

const LONGEST_NAME = 65_536;
const LONGEST_HELP = 1_048_576;
const UNIT = /^[a-zA-Z0-9_:]+$/;
const TYPES: ReadonlySet<unknown> = new Set<FamilyType>(['counter', 'gauge', 'unknown']);

/** The name of a counter's family in OpenMetrics: the sample's name without `_total`. */
export function counterFamilyName(name: string): string {
  return name.endsWith('_total') ? name.slice(0, -'_total'.length) : name;
}

/** The families that a refresh knows of, and the faults of those that it could not take. */
export interface FamilyCatalog {
  /** By metric name, only what is valid. */
  readonly byName: ReadonlyMap<string, FamilyMetadata>;
  /** What was given and not used, at most 100. */
  readonly faults: readonly FamilyMetadataFault[];
}

/**
 * Checks metadata from several places, entry by entry, and keeps the first word on each family.
 *
 * Never throws on bad metadata: a part that cannot be used is left out and reported, so that one
 * bad line of help never loses a scrape.
 */
export class FamilyCataloguer implements FamilyCatalog {
  readonly byName: Map<string, FamilyMetadata> = new Map();
  readonly faults: FamilyMetadataFault[] = [];

  /** Takes what is said of a family. */
  add(entry: unknown): void {
    const family = readFamily(entry, this.#report);
    if (family === undefined) return;
    const first = this.byName.get(family.name);
    if (first === undefined) this.byName.set(family.name, family);
    else if (!sameFamily(first, family)) {
      const message = 'conflicts with metadata given earlier, which stays; give it only once';
      this.#report(family.name, message);
    }
  }

  readonly #report: Report = (name, message) => {
    if (this.faults.length < 100) this.faults.push({ name: String(name).slice(0, 200), message });
  };
}

/** Checks metadata that is all there; see {@link FamilyCataloguer}. */
export function catalogFamilies(given: Iterable<unknown>): FamilyCatalog {
  const catalog = new FamilyCataloguer();
  for (const entry of given) catalog.add(entry);
  return catalog;
}

type Report = (name: unknown, message: string) => void;

function readFamily(entry: unknown, report: Report): FamilyMetadata | undefined {
  try {
    return checkFamily(entry, report);
  } catch {
    report(typeof entry, 'cannot be read: a property of it throws');
    return undefined;
  }
}

function checkFamily(entry: unknown, report: Report): FamilyMetadata | undefined {
  if (typeof entry !== 'object' || entry === null) {
    report(typeof entry, 'is not family metadata; give an object with name and type');
    return undefined;
  }
  const { name, type, help, unit } = entry as Record<string, unknown>;
  if (typeof name !== 'string' || name.length > LONGEST_NAME || !isMetricName(name)) {
    report(typeof name === 'string' ? name : typeof name, 'is not a legal metric name');
    return undefined;
  }
  if (!TYPES.has(type)) {
    report(name, "has an unknown type; use 'counter', 'gauge' or 'unknown'");
    return undefined;
  }
  return {
    name,
    type: type as FamilyType,
    ...checkHelp(name, help, report),
    ...checkUnit(type === 'counter' ? counterFamilyName(name) : name, unit, report),
  };
}

function checkHelp(name: string, help: unknown, report: Report): Pick<FamilyMetadata, 'help'> {
  if (help === undefined) return {};
  if (typeof help === 'string' && help.length <= LONGEST_HELP && help.isWellFormed()) {
    return { help };
  }
  report(
    name,
    'has a help that is not a well-formed string of up to 1 048 576 characters; it is left out',
  );
  return {};
}

function checkUnit(family: string, unit: unknown, report: Report): Pick<FamilyMetadata, 'unit'> {
  if (unit === undefined || unit === '') return {};
  // Prometheus fails the whole scrape when a unit is not the suffix of the family's name.
  const isSuffix = typeof unit === 'string' && family.endsWith(`_${unit}`);
  if (isSuffix && UNIT.test(unit)) return { unit };
  report(family, 'has a unit that is not the suffix of its name; it is left out');
  return {};
}

function sameFamily(a: FamilyMetadata, b: FamilyMetadata): boolean {
  return a.type === b.type && a.help === b.help && a.unit === b.unit;
}
