import { CompositeGroup } from './composite-group.ts';
import type { ExposedFamily, ExposedPoint, ExposedType, ExpositionFormat } from './exposition.ts';
import { type Role, rolesOf, SUFFIXES } from './family-roles.ts';
import { FamilyState } from './family-state.ts';
import type { FaultLog, Place } from './fault-log.ts';
import { labelKey, labelsOf, labelsWithout, normaliseBounds } from './group-labels.ts';
import { PageRules } from './page-rules.ts';
import type { Keyword, LineSink, SampleLine } from './sample-line.ts';
import { secondValue } from './second-value.ts';

/** How many histograms and summaries may wait for the rest of their lines. */
const MOST_GROUPS = 100_000;

/** What the reader hands out. */
export interface ReadPart {
  readonly families: ExposedFamily[];
  readonly points: ExposedPoint[];
}

/**
 * Makes families and points of the lines of a text page.
 *
 * Lines of one histogram or summary become one point. They are kept until the value is whole and
 * another one begins, or until their family ends. What never becomes whole is given as it is.
 */
export class PageReader implements LineSink {
  #families: ExposedFamily[] = [];
  #points: ExposedPoint[] = [];
  readonly #log: FaultLog;
  readonly #maxFamilies: number;
  readonly #rules: PageRules | undefined;
  readonly #isOpenMetrics: boolean;
  readonly #isSecond: boolean;
  /** By the name in metadata, or that of the samples if there is none. */
  readonly #byName = new Map<string, FamilyState>();
  /** The family of the last line. */
  #family: FamilyState | undefined;
  /** The last type of the page. In OpenMetrics 2.0 it counts only until another name follows. */
  #type: ExposedType = 'unknown';
  #unit = '';
  /** The sample name of the last line, and what it is to the family. */
  #sampleName: string | undefined;
  #role: Role = 'value';
  #groups = new Map<string, CompositeGroup>();
  /** The group of the last line. */
  #last: CompositeGroup | undefined;
  #lastKey = '';
  /** The parser, if it has been told what to expect. */
  #line: SampleLine | undefined;

  constructor(format: ExpositionFormat, log: FaultLog, maxFamilies: number) {
    this.#log = log;
    this.#maxFamilies = maxFamilies;
    this.#isSecond = format === 'openmetrics2';
    this.#isOpenMetrics = format === 'openmetrics';
    this.#rules = log.isStrict ? new PageRules(format, log) : undefined;
  }

  metadata(kind: Keyword, name: string, text: string, place: Place): void {
    const family = this.#byName.get(name) ?? this.#newFamily(name, place);
    this.#switchTo(family, place);
    this.#sampleName = undefined;
    this.#rules?.metadata(kind, family, text, place);
    if (!family.words.includes(kind)) family.words = [...family.words, kind];
    family.isChanged = true;
    if (kind === 'HELP') family.help = text;
    else if (kind === 'UNIT') family.unit = this.#unit = text;
    else {
      if (family.hasSamples) this.#finishGroups();
      family.type = this.#type = text === 'untyped' ? 'unknown' : (text as ExposedType);
      if (this.#isSecond && text === 'info' && !name.endsWith('_info')) {
        this.#log.report('sample_name', place, undefined, 'the name of an info ends in _info');
      }
    }
    const isUnitless = this.#type === 'info' || this.#type === 'stateset';
    if (this.#isSecond && isUnitless && this.#unit !== '' && kind !== 'HELP') {
      this.#log.report('unit', place, undefined, `a family of type ${this.#type} has no unit`);
    }
  }

  sample(line: SampleLine): void {
    const last = this.#last;
    if (line.name !== this.#sampleName) this.#resolve(line);
    const family = this.#family!;
    const isAlone = this.#role === 'value' || this.#role === 'created';
    if (line.isSameGroup && (this.#last !== last || isAlone)) {
      line.labels = labelsOf(line, last);
      line.isSameGroup = false;
    }
    if (this.#isSecond) {
      this.#second(family, line);
      return;
    }
    if (this.#log.isPrometheus && !line.isSameGroup) normaliseBounds(this.#type, line.labels);
    this.#rules?.sample(family, this.#role, line);
    family.hasSamples = true;
    if (this.#role === 'value') this.#give(line, line.value);
    else if (this.#role === 'created' && (this.#log.isPrometheus || family.type === 'counter')) {
      this.#created(family, line);
    } else this.#group(family, line);
  }

  /** Ends the page. */
  end(place: Place): void {
    this.#close(place);
  }

  /** Hands out what has been read; what a later line may still change stays, but at the end. */
  take(isLast: boolean): ReadPart {
    const families = this.#families;
    const points = this.#points;
    this.#families = [];
    this.#points = [];
    const mayChange = this.#isOpenMetrics && this.#family?.type === 'counter';
    if (mayChange && !isLast && points.length > 0) this.#points.push(points.pop()!);
    return { families, points };
  }

  #give(line: SampleLine, value: ExposedPoint['value']): void {
    const { name, labels, timestamp, startTime, exemplars } = line;
    if (timestamp === undefined && exemplars === undefined && startTime === undefined) {
      this.#points.push({ name, labels, value });
      return;
    }
    this.#points.push({
      name,
      labels,
      value,
      ...(timestamp !== undefined && { timestamp }),
      ...(startTime !== undefined && { startTime }),
      ...(exemplars !== undefined && exemplars.length > 0 && { exemplars }),
    });
  }

  /** Finds the family of a sample whose name differs from the one before. */
  #resolve(line: SampleLine): void {
    const { name } = line;
    let family = this.#byName.get(name);
    let role: Role | undefined = this.#isSecond ? 'value' : undefined;
    if (role === undefined && family !== undefined) role = this.#roleOf(family, '');
    if (role === undefined) {
      const suffix = SUFFIXES.find((end) => name.endsWith(end));
      const base =
        suffix === undefined ? undefined : this.#byName.get(name.slice(0, -suffix.length));
      const baseRole = base === undefined ? undefined : this.#roleOf(base, suffix!);
      if (baseRole !== undefined) {
        family = base;
        role = baseRole;
      }
    }
    family ??= this.#newFamily(name, line);
    if (role === undefined && family.words.includes('TYPE')) family.hasBareSamples = true;
    this.#switchTo(family, line);
    this.#sampleName = name;
    this.#role = role ?? 'value';
    // A number under the name of a histogram or summary.
    if (role === undefined && family.type !== 'counter' && family.type !== 'info') {
      this.#isNewLone(family, name);
    }
  }

  #newFamily(name: string, place: Place): FamilyState {
    if (this.#byName.size >= this.#maxFamilies) {
      this.#log.stop('limit', place, undefined, `maxFamilies is ${this.#maxFamilies}`);
    }
    const family = new FamilyState(name);
    this.#byName.set(name, family);
    return family;
  }

  #roleOf(family: FamilyState, suffix: string): Role | undefined {
    return rolesOf(family.type, this.#isOpenMetrics).get(suffix);
  }

  #switchTo(family: FamilyState, place: Place): void {
    if (family === this.#family) return;
    this.#close(place);
    this.#family = family;
    if (this.#isSecond) {
      this.#type = 'unknown';
      this.#unit = '';
    }
    this.#rules?.opens(family, place);
  }

  #close(place: Place): void {
    const family = this.#family;
    if (family === undefined) return;
    this.#finishGroups();
    this.#rules?.closes(family, place);
    if (family.isChanged) {
      const suffix = family.type === 'counter' ? '_total' : family.type === 'info' ? '_info' : '';
      this.#families.push(family.exposed(this.#isOpenMetrics ? suffix : ''));
    }
    family.isChanged = false;
    family.isClosed = true;
    this.#family = undefined;
  }

  /** Takes a sample of OpenMetrics 2.0. */
  #second(family: FamilyState, line: SampleLine): void {
    const value = secondValue(family.name, this.#type, line, this.#log);
    if (value === undefined) return;
    if (typeof value === 'object') family.hasComposites = true;
    this.#rules?.sample(family, 'value', line);
    family.hasSamples = true;
    this.#give(line, value);
  }

  /** Takes a line that says when a counter began. */
  #created(family: FamilyState, line: SampleLine): void {
    const last = this.#points.at(-1);
    // To Prometheus such lines are series of their own.
    const isOfLast =
      !this.#log.isPrometheus &&
      last?.name === `${family.name}_total` &&
      labelKey(last.labels, '') === labelKey(line.labels, '');
    if (!isOfLast) {
      this.#lone(family, line.name);
      this.#give(line, line.value);
      return;
    }
    const startTime = Math.round(line.value * 1000);
    this.#points[this.#points.length - 1] = { ...last!, startTime };
  }

  /** Takes a line of a histogram or summary. */
  #group(family: FamilyState, line: SampleLine): void {
    const role = this.#role;
    const last = this.#last;
    const dropped = role === 'bucket' ? 'le' : role === 'quantile' ? 'quantile' : '';
    const isOfLast = line.isSameGroup && last !== undefined && line.timestamp === last.timestamp;
    if (isOfLast && (line.bound === undefined || dropped !== '')) {
      last.add(role, line, line.bound);
      return;
    }
    const labels = line.isSameGroup ? labelsOf(line, last) : line.labels;
    const key = `${line.timestamp ?? ''}@${labelKey(labels, dropped)}`;
    const groups = this.#groups;
    if (key !== this.#lastKey && last?.isComplete(family.type)) this.#finish(family, this.#lastKey);
    let group = groups.get(key);
    if (group === undefined) {
      if (groups.size >= MOST_GROUPS) {
        this.#log.stop('limit', line, undefined, `${MOST_GROUPS} histograms wait for their lines`);
      }
      const own = dropped === '' ? labels : labelsWithout(labels, dropped);
      groups.set(key, (group = new CompositeGroup(family.name, own, line)));
    }
    group.add(role, line, dropped === '' ? undefined : labels[dropped]);
    this.#last = group;
    this.#lastKey = key;
    this.#expect(family, line, dropped);
  }

  /** Says how the labels of the lines that follow in this group will begin. */
  #expect(family: FamilyState, line: SampleLine, dropped: string): void {
    // Labels that Prometheus changes by the type of another family are read one by one.
    if (this.#log.isPrometheus && this.#type !== family.type) return;
    const label = family.type === 'summary' ? 'quantile' : 'le';
    line.expectGroup(label, dropped !== '');
    this.#line = line;
  }

  #finish(family: FamilyState, key: string): void {
    const group = this.#groups.get(key)!;
    this.#groups.delete(key);
    if (this.#rules !== undefined) {
      group.check(family.type, this.#isOpenMetrics, this.#log);
      this.#rules.finishes(group);
    }
    const mayLack = this.#isOpenMetrics && !this.#log.isPrometheus;
    for (const point of group.points(family.type, mayLack, this.#log.isPrometheus)) {
      if (typeof point.value === 'number') this.#lone(family, point.name);
      else family.hasComposites = true;
      this.#points.push(point);
    }
  }

  #finishGroups(): void {
    for (const key of this.#groups.keys()) this.#finish(this.#family!, key);
    this.#last = undefined;
    this.#lastKey = '';
    this.#line?.expectNoGroup();
    this.#line = undefined;
  }

  /** Notes that samples of a name are given as they are. */
  #lone(family: FamilyState, name: string): void {
    if (this.#isNewLone(family, name) && name !== family.name)
      this.#families.push({ name, type: 'unknown' });
  }

  #isNewLone(family: FamilyState, name: string): boolean {
    if (family.loneNames.includes(name)) return false;
    family.loneNames = [...family.loneNames, name];
    return true;
  }
}
