import type { FamilyMetadata, FamilyType } from '../model/family-metadata.ts';
import { type EscapingScheme, escapeName, isMetricName } from '../model/key/index.ts';
import { openMetricsName, suffixesOf } from '../model/projected-names.ts';
import type { Pace } from '../scheduling/pace.ts';
import { familyPlace } from '../snapshot/snapshot.ts';
import type { ExposedName } from './encoder.ts';
import { LineEscaping } from './line-escaping.ts';
import type { SeriesCollisions } from './series-collisions.ts';

/** A family whose names are planned. */
export interface PlannedFamily {
  readonly name: string;
  /** Undefined for a family without a declaration, which is a gauge then. */
  readonly metadata: Pick<FamilyMetadata, 'type'> | undefined;
  /** How many series it has; left out: some. */
  readonly series?: number;
}

/** A family of the source that is left out, and the one that has a name it would need. */
export interface LeftOutFamily {
  readonly name: string;
  readonly owner: string;
}

/** What a plan is made of. */
export interface PlanParts {
  /** Those of the whole snapshot, in the order of their names. */
  readonly families: readonly PlannedFamily[];
  /** The exporter's own, whether or not a page shows them. No name of them needs escaping. */
  readonly own: readonly PlannedFamily[];
  readonly scheme: EscapingScheme;
  /** Whether any page is OpenMetrics, so that names which only it has are claimed. Default: true. */
  readonly hasOpenMetrics?: boolean;
  /** Series that are left out, by family. */
  readonly collisions: ReadonlyMap<string, SeriesCollisions>;
}

/** How many of the families that are left out are listed. */
const MOST_LISTED = 100;

/**
 * Which family owns which name, in one escaping scheme: the families of a whole snapshot, before
 * anything is selected, and the exporter's own. So a shard, a view and a query expose a family as
 * the whole page does.
 *
 * Of two families that claim one name, the later is left out in every format. The exporter's own
 * come first: no source may hide what alerts on the exporter look at. Names that are legal in the
 * classic grammar are next, in the order of the bytes. Families without series are last: what may
 * come takes no name from what is there. Such a family is not counted as left out. If another family
 * has the OpenMetrics 1 names of a counter or an info, it stays and is unknown there.
 */
export class NamePlan {
  readonly scheme: EscapingScheme;
  /** The first of the source's families that are left out, at most a hundred. */
  readonly leftOut: readonly LeftOutFamily[];
  /** How many of the source's families are left out. */
  readonly leftOutCount: number;
  /** How many series of others are left out. */
  readonly leftOutSeries: number;
  readonly #lost: ReadonlySet<string>;
  readonly #lostOwn: ReadonlySet<string>;
  readonly #lostEmpty: ReadonlySet<string>;
  readonly #unknown: ReadonlySet<string>;
  readonly #collisions: ReadonlyMap<string, SeriesCollisions>;

  private constructor(planning: Planning) {
    this.scheme = planning.scheme;
    this.leftOut = planning.leftOut;
    this.#lost = planning.lost;
    this.leftOutCount = planning.lost.size;
    this.#lostOwn = planning.lostOwn;
    this.#lostEmpty = planning.lostEmpty;
    this.#unknown = planning.unknown;
    this.#collisions = planning.collisions;
    let series = 0;
    for (const [name, { count }] of planning.collisions) if (!this.#lost.has(name)) series += count;
    this.leftOutSeries = series;
  }

  /** Makes a plan, in slices. */
  static async of(parts: PlanParts, pace: Pick<Pace, 'shouldYield' | 'yield'>): Promise<NamePlan> {
    const planning = new Planning(parts);
    for (const step of planning.steps()) {
      step();
      if (pace.shouldYield()) await pace.yield();
    }
    return new NamePlan(planning);
  }

  /** Whether a family of the source is left out. */
  isLeftOut(name: string): boolean {
    return this.#lost.has(name) || this.#lostEmpty.has(name);
  }

  /** How a family of the source is exposed; undefined for one that is left out. */
  exposed(family: PlannedFamily): ExposedName | undefined {
    return this.isLeftOut(family.name) ? undefined : this.#named(family);
  }

  /** The same for one of the exporter's own families. */
  exposedOwn(family: PlannedFamily): ExposedName | undefined {
    return this.#lostOwn.has(family.name) ? undefined : this.#named(family);
  }

  /** What writes the lines of a family of the source; undefined if they stay as they are. */
  escaping({ name }: PlannedFamily): LineEscaping | undefined {
    const { scheme } = this;
    if (scheme === 'allow-utf-8') return undefined;
    const leftOut = this.#collisions.get(name)?.leftOut ?? new Set();
    return new LineEscaping(name, escapeName(name, scheme, 'metric'), { scheme, leftOut });
  }

  #named(family: PlannedFamily): ExposedName {
    const name = escapeName(family.name, this.scheme, 'metric');
    const type = typeOf(family);
    const openMetricsType = this.#unknown.has(family.name) ? 'unknown' : type;
    if (type !== 'stateset') return { name, type, openMetricsType };
    // A state set's label must have the family's name, also after escaping.
    const isSame = escapeName(family.name, this.scheme, 'label') === name;
    const exposed = isSame ? 'stateset' : 'gauge';
    return { name, type: exposed, openMetricsType: exposed };
  }
}

function isEmpty({ series }: PlannedFamily): boolean {
  return series === 0;
}

function typeOf({ name, metadata }: PlannedFamily): FamilyType {
  const type = metadata?.type ?? 'gauge';
  // Such a family has no points, and Prometheus fails a page of OpenMetrics 2 that declares it.
  return type === 'info' && !name.endsWith('_info') ? 'unknown' : type;
}

/** The making of one plan. */
class Planning {
  readonly scheme: EscapingScheme;
  readonly collisions: ReadonlyMap<string, SeriesCollisions>;
  readonly leftOut: LeftOutFamily[] = [];
  readonly lost: Set<string> = new Set();
  readonly lostOwn: Set<string> = new Set();
  readonly lostEmpty: Set<string> = new Set();
  readonly unknown: Set<string> = new Set();
  readonly #families: readonly PlannedFamily[];
  readonly #own: readonly PlannedFamily[];
  readonly #hasOpenMetrics: boolean;
  /**
   * Owners by name. A number of a classic name is not in here: it has that one name, and is found
   * among the families.
   */
  readonly #owners = new Map<string, string>();
  /** Owners of the names that counters and infos have in OpenMetrics 1 alone. */
  readonly #openMetrics = new Map<string, string>();
  /** Source families whose names are escaped. */
  readonly #escaped: PlannedFamily[] = [];
  /** Counters and infos, in the order in which they choose. */
  #shortened: PlannedFamily[] = [];
  /** Source families without series. */
  readonly #empty: PlannedFamily[] = [];

  constructor({ families, own, scheme, collisions, hasOpenMetrics = true }: PlanParts) {
    this.#hasOpenMetrics = hasOpenMetrics;
    this.#families = families;
    this.#own = own;
    this.scheme = scheme;
    this.collisions = collisions;
  }

  /** What is to be done, in steps of less than a millisecond. */
  *steps(): Generator<() => void, void, undefined> {
    for (const family of this.#own) yield () => this.#claimOwn(family);
    for (let from = 0; from < this.#families.length; from += 1000) {
      yield () => {
        for (const family of this.#families.slice(from, from + 1000)) this.#claimClassic(family);
      };
    }
    for (const family of this.#escaped) yield () => this.#claim(family, this.lost);
    for (const family of this.#shortened) yield () => this.#shorten(family);
    this.#shortened = [];
    for (const family of this.#empty) yield () => this.#claim(family, this.lostEmpty);
    for (const family of this.#shortened) yield () => this.#shorten(family);
  }

  /** One of the exporter's own takes its names before all others. */
  #claimOwn(family: PlannedFamily): void {
    const { name } = family;
    if (this.#takenBy(family) !== undefined) this.lostOwn.add(name);
    else {
      this.#owners.set(name, name);
      this.#accept(family, name);
    }
  }

  #claimClassic(family: PlannedFamily): void {
    const { name } = family;
    const later = isEmpty(family) ? this.#empty : isMetricName(name) ? undefined : this.#escaped;
    if (later !== undefined) {
      later.push(family);
      return;
    }
    // A longer name of the source comes later, so that only one of our own can have it already.
    const owner = this.#takenBy(family);
    if (owner === undefined) this.#accept(family, name);
    else this.#leaveOut(family, owner);
  }

  /** Who has a name that a family of a classic name needs, if any has claimed one. */
  #takenBy(family: PlannedFamily): string | undefined {
    const { name } = family;
    const names = [name, ...this.#suffixes(family).map((suffix) => name + suffix)];
    const taken = names.find((each) => this.#owners.has(each));
    return taken === undefined ? undefined : this.#owners.get(taken);
  }

  #claim(family: PlannedFamily, lost: Set<string>): void {
    const escaped = escapeName(family.name, this.scheme, 'metric');
    const names = [escaped, ...this.#suffixes(family).map((suffix) => escaped + suffix)];
    const owners = names.map((name) => this.#ownerOf(name) ?? this.#openMetrics.get(name));
    const owner = owners.find((found) => found !== undefined);
    if (owner === undefined) {
      this.#owners.set(escaped, family.name);
      this.#accept(family, escaped);
    } else if (lost === this.lost) this.#leaveOut(family, owner);
    else lost.add(family.name);
  }

  #accept(family: PlannedFamily, escaped: string): void {
    const type = typeOf(family);
    for (const suffix of this.#suffixes(family)) this.#owners.set(escaped + suffix, family.name);
    if (type === 'counter' || type === 'info') this.#shortened.push(family);
  }

  /** What stands behind a family's name in other names that it needs. */
  #suffixes(family: PlannedFamily): readonly string[] {
    const suffixes = suffixesOf(typeOf(family));
    return this.#hasOpenMetrics ? suffixes : suffixes.filter((suffix) => suffix !== '_created');
  }

  #leaveOut({ name }: PlannedFamily, owner: string): void {
    this.lost.add(name);
    if (this.leftOut.length < MOST_LISTED) this.leftOut.push({ name, owner });
  }

  #ownerOf(name: string): string | undefined {
    const owner = this.#owners.get(name);
    if (owner !== undefined || !isMetricName(name) || this.lost.has(name)) return owner;
    const family = this.#families[familyPlace(this.#families, name) ?? -1];
    return family === undefined || isEmpty(family) ? undefined : name;
  }

  /** Gives a counter or an info its names in OpenMetrics 1, if they are free. */
  #shorten(family: PlannedFamily): void {
    const type = typeOf(family);
    const base = openMetricsName(escapeName(family.name, this.scheme, 'metric'), type);
    const names = base === undefined ? [] : [base];
    if (base !== undefined && type === 'counter') names.push(`${base}_created`);
    const isFree = (name: string): boolean =>
      !this.#openMetrics.has(name) && this.#ownerOf(name) === undefined;
    if (names.length > 0 && names.every(isFree)) {
      for (const name of names) this.#openMetrics.set(name, family.name);
    } else this.unknown.add(family.name);
  }
}
