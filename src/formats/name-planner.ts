import type { FamilyType } from '../model/family-metadata.ts';
import { type EscapingScheme, isMetricName } from '../model/key/index.ts';
import { Pace } from '../scheduling/pace.ts';
import type { EncodedLines } from './encoder.ts';
import { hasQuotedLabels } from './line-escaping.ts';
import { NamePlan, type PlannedFamily } from './name-plan.ts';
import { findCollisions, type SeriesCollisions } from './series-collisions.ts';

/** How long the making of a plan holds the event loop at a stretch, in ms. */
const SLICE_BUDGET = 10;

/** A family of a whole snapshot. */
export interface SnapshotFamily extends PlannedFamily {
  readonly chunks: readonly EncodedLines[];
}

type Families = readonly SnapshotFamily[];

/** The names and types that a plan was made of; not the families, which hold a whole snapshot. */
interface MadePlan {
  readonly plan: NamePlan;
  readonly names: readonly string[];
  readonly types: readonly (FamilyType | undefined)[];
  readonly areEmpty: readonly boolean[];
}

/**
 * Plans the names of the snapshots that follow each other, in each escaping scheme that is asked
 * for. Names that are planned alike are one plan: those of snapshots with the same families, and
 * those of schemes that change no name.
 */
export class NamePlanner {
  readonly #own: readonly PlannedFamily[];
  readonly #hasOpenMetrics: boolean;
  readonly #plans = new WeakMap<Families, Map<EscapingScheme, Promise<NamePlan>>>();
  readonly #latest = new Map<EscapingScheme, MadePlan>();

  /**
   * @param own - the exporter's own families.
   * @param hasOpenMetrics - whether any page is OpenMetrics.
   */
  constructor(own: readonly PlannedFamily[], hasOpenMetrics: boolean = true) {
    this.#own = own;
    this.#hasOpenMetrics = hasOpenMetrics;
  }

  /** The plan of a snapshot's names; its scheme is `allow-utf-8` if no name changes. */
  plan(families: Families, scheme: EscapingScheme): Promise<NamePlan> {
    const plans = this.#plans.get(families) ?? new Map<EscapingScheme, Promise<NamePlan>>();
    this.#plans.set(families, plans);
    const known = plans.get(scheme);
    if (known !== undefined) return known;
    const plan = this.#make(families, scheme);
    // A failure is for the callers that wait now; the next caller tries again.
    plan.catch(() => plans.delete(scheme));
    plans.set(scheme, plan);
    return plan;
  }

  async #make(families: Families, scheme: EscapingScheme): Promise<NamePlan> {
    const pace = new Pace(SLICE_BUDGET);
    if (scheme !== 'allow-utf-8' && (await isPlain(families, pace))) {
      return this.plan(families, 'allow-utf-8');
    }
    const collisions = new Map<string, SeriesCollisions>();
    for (const family of scheme === 'allow-utf-8' ? [] : families) {
      const found = await findCollisions(family, scheme, pace);
      if (found.count > 0) collisions.set(family.name, found);
    }
    const latest = this.#latest.get(scheme);
    const isSame = collisions.size === 0 && latest?.plan.leftOutSeries === 0;
    if (isSame && (await isPlanOf(latest, families, pace))) return latest.plan;
    const own = this.#own;
    const hasOpenMetrics = this.#hasOpenMetrics;
    const parts = { families, own, scheme, hasOpenMetrics, collisions };
    const plan = await NamePlan.of(parts, pace);
    const names = families.map(({ name }) => name);
    this.#latest.set(scheme, {
      plan,
      names,
      types: families.map((family) => family.metadata?.type),
      areEmpty: families.map(({ chunks }) => chunks.length === 0),
    });
    return plan;
  }
}

/** Whether all names are legal in the classic grammar. */
async function isPlain(families: Families, pace: Pace): Promise<boolean> {
  for (const { name, chunks } of families) {
    if (!isMetricName(name) || chunks.some(hasQuotedLabels)) return false;
    if (pace.shouldYield()) await pace.yield();
  }
  return true;
}

/** Whether a plan was made of the same names and types. */
async function isPlanOf(
  { names, types, areEmpty }: MadePlan,
  families: Families,
  pace: Pace,
): Promise<boolean> {
  if (names.length !== families.length) return false;
  for (const [i, { name, metadata, chunks }] of families.entries()) {
    if (name !== names[i] || metadata?.type !== types[i]) return false;
    if ((chunks.length === 0) !== areEmpty[i]) return false;
    if ((i & 255) === 0 && pace.shouldYield()) await pace.yield();
  }
  return true;
}
