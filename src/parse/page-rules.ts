import { boundOf, type CompositeGroup } from './composite-group.ts';
import type { ExpositionFormat } from './exposition.ts';
import { claimsOf, type Role } from './family-roles.ts';
import type { FamilyState } from './family-state.ts';
import type { FaultLog, Place } from './fault-log.ts';
import type { FormatRule } from './fault-rules.ts';
import type { Keyword, SampleLine } from './sample-line.ts';
import { SeriesSet } from './series-set.ts';

const NONE = { low: -1, high: -1, timestamp: undefined, had: 0 };
/** What a metric has once at a time, as bits. */
const ONCE: Readonly<Partial<Record<Role, number>>> = { value: 1, created: 2 };

/**
 * What the specification demands of the lines of a page together, and of values by their type.
 *
 * Remembers the series of the family that is being read, and the names of all families.
 */
export class PageRules {
  readonly #log: FaultLog;
  readonly #format: ExpositionFormat;
  /** Which family has which name. */
  readonly #owners = new Map<string, FamilyState>();
  /** The series of the family. */
  readonly #seen = new SeriesSet();
  /** The metric of the last line. */
  #last: { low: number; high: number; timestamp: number | undefined; had: number } = NONE;
  /** The states of that metric, if it is a set of states. */
  #states = new Set<string | undefined>();

  constructor(format: ExpositionFormat, log: FaultLog) {
    this.#format = format;
    this.#log = log;
  }

  /** Checks a metadata line before it is taken. */
  metadata(kind: Keyword, family: FamilyState, text: string, place: Place): void {
    if (family.words.includes(kind)) this.#log.report('repeated_metadata', place);
    else if (family.hasSamples) this.#log.report('late_metadata', place);
    if (kind === 'UNIT' && text !== '') {
      if (this.#format === 'openmetrics2' && !/^[A-Za-z0-9_:]{1,1000}$/.test(text)) {
        this.#log.report('unit', place);
      }
    }
    const unit = kind === 'UNIT' ? text : family.unit;
    const type = kind === 'TYPE' ? text : family.type;
    const isUnitless = type === 'info' || type === 'stateset';
    if (this.#format === 'openmetrics' && isUnitless && unit && kind !== 'HELP') {
      this.#log.report('unit', place, undefined, `a family of type ${type} has no unit`);
    }
  }

  /** Checks that a family begins to which the lines did not belong before. */
  opens(family: FamilyState, place: Place): void {
    if (family.isClosed) this.#log.report('interleaved', place);
    this.#seen.clear();
    this.#last = NONE;
  }

  /** Checks the names of a family, all metadata and samples of which have been read. */
  closes(family: FamilyState, place: Place): void {
    if (this.#format === 'openmetrics2' || family.isClosed) return;
    for (const name of claimsOf(family.name, family.type, this.#format === 'openmetrics')) {
      const owner = this.#owners.get(name);
      if (owner === undefined) this.#owners.set(name, family);
      else if (owner !== family) {
        this.#log.report('name_clash', place, undefined, `${owner.name} and ${family.name}`);
        return;
      }
    }
  }

  /** Checks a sample. */
  sample(family: FamilyState, role: Role, line: SampleLine): void {
    if (family.hasBareSamples && role === 'value' && line.name === family.name) {
      this.#report('sample_name', line, line.lineAt);
    }
    const rule = this.#valueRule(family, role, line);
    if (rule !== undefined) this.#report(rule, line);
    if (line.exemplars !== undefined && this.#format === 'openmetrics') {
      const isPlace = role === 'bucket' || (role === 'value' && family.type === 'counter');
      if (!isPlace) this.#report('exemplar_place', line);
    }
    if (line.startTime !== undefined && family.type === 'gaugehistogram') {
      this.#report('start_time', line);
    }
    this.#order(family, role, line);
  }

  #report(rule: FormatRule, line: SampleLine, at: number = line.valueAt): void {
    this.#log.report(rule, line, at);
  }

  #valueRule({ type, name }: FamilyState, role: Role, line: SampleLine): FormatRule | undefined {
    if (line.composite !== undefined) return undefined;
    const { value, labels, isSameGroup, bound } = line;
    const isText = this.#format === 'text';
    switch (role) {
      case 'bucket':
        if (!this.#isBound(isSameGroup ? bound : labels.le)) return 'bucket_label';
        return isText || (value >= 0 && Number.isInteger(value)) ? undefined : 'bucket_counts';
      case 'quantile': {
        const quantile = boundOf(isSameGroup ? bound : labels.quantile);
        return quantile >= 0 && quantile <= 1 && !(value < 0) ? undefined : 'quantile';
      }
      case 'count':
        return isText || (value >= 0 && Number.isInteger(value)) ? undefined : 'sum_value';
      case 'sum':
        return isText || !(Number.isNaN(value) || (type === 'summary' && value < 0))
          ? undefined
          : 'sum_value';
      case 'created':
        return undefined;
      case 'value':
        if (type === 'counter') return value >= 0 ? undefined : 'counter_value';
        if (type === 'info') return value === 1 ? undefined : 'info_value';
        if (type !== 'stateset') return undefined;
        return (Object.hasOwn(labels, name) || line.hasLabel(name)) && (value === 0 || value === 1)
          ? undefined
          : 'stateset_value';
    }
  }

  #isBound(text: string | undefined): boolean {
    const bound = boundOf(text);
    if (Number.isNaN(bound)) return false;
    // OpenMetrics has decimal numbers only, and one way to write that there is no bound.
    return this.#format === 'text' || (bound === Infinity ? text === '+Inf' : !/[xX_]/.test(text!));
  }

  /** Checks that a series is not there twice, and that lines of a metric are together. */
  #order(family: FamilyState, role: Role, line: SampleLine): void {
    const isText = this.#format === 'text';
    const isPart = role !== 'value';
    if (!(isPart && line.isSameGroup) && this.#begins(family, role, line)) return;
    if (isText) {
      if (!isPart) this.#report('duplicate_series', line, line.lineAt);
      return;
    }
    const last = this.#last;
    const { timestamp } = line;
    // In OpenMetrics 2 a state is a series, with a time of its own.
    const isApart = this.#format === 'openmetrics2' && family.type === 'stateset';
    const isMixed = (last.timestamp === undefined) !== (timestamp === undefined);
    if (!isApart && (isMixed || timestamp! < last.timestamp!))
      this.#report('timestamp_order', line);
    else if (timestamp === undefined && this.#isTwice(family, role, line)) {
      this.#report('duplicate_series', line, line.lineAt);
    }
    last.timestamp = timestamp;
    last.had |= ONCE[role] ?? 0;
  }

  /** Whether a sample is of another metric than the line before; reports one that is apart. */
  #begins({ type, name }: FamilyState, role: Role, line: SampleLine): boolean {
    const { labels, timestamp } = line;
    const isText = this.#format === 'text';
    const isState = type === 'stateset' && role === 'value';
    const dropped = isState ? name : role === 'bucket' ? 'le' : role === 'quantile' ? role : '';
    const ofCounter = type === 'counter' ? `${name}_total` : '';
    const seen = this.#seen;
    seen.hash(labels, dropped, role === 'value' ? line.name : ofCounter);
    const last = this.#last;
    if (seen.low === last.low && seen.high === last.high) return false;
    if (seen.add() && !(role !== 'value' && isText)) {
      this.#report(isText ? 'duplicate_series' : 'interleaved', line, line.lineAt);
    }
    this.#last = { low: seen.low, high: seen.high, timestamp, had: ONCE[role] ?? 0 };
    if (isState) this.#states = new Set([labels[name]]);
    return true;
  }

  /** Whether the metric of a sample had one before; a set of states has one for each. */
  #isTwice({ type, name }: FamilyState, role: Role, { labels }: SampleLine): boolean {
    if (type !== 'stateset') return (this.#last.had & (ONCE[role] ?? 0)) !== 0;
    const state = labels[name];
    const isTwice = this.#states.has(state);
    this.#states.add(state);
    return isTwice;
  }

  /** Checks that no lines of a histogram or summary were there before, which made it whole. */
  finishes(group: CompositeGroup): void {
    const { labels, place } = group;
    const seen = this.#seen;
    // In OpenMetrics such lines are not together.
    if (this.#format === 'text') seen.hash(labels, '', '#');
    const isTwice = this.#format === 'text' && seen.add();
    if (isTwice || group.isRepeated) this.#log.report('duplicate_series', place, 0);
  }
}
