import type { ExposedFamily, PagePlace } from './exposition.ts';
import type { RuleId, Severity } from './lint-rules.ts';

/** One thing that a page breaks a rule with; line 0 is the whole page. */
export interface LintFinding extends PagePlace {
  /** The rule's id. */
  readonly rule: RuleId;
  /** How much it matters. */
  readonly severity: Severity;
  /** The family, if it is about one. */
  readonly family?: string;
  /** What is wrong here. */
  readonly message: string;
  /** What to do about it. */
  readonly remedy: string;
  /** What a Prometheus server does with such a page. */
  readonly prometheus: string;
}

/** How many series and label values a family has. */
export interface FamilyCount {
  /** The family's name. */
  readonly name: string;
  /** Its type. */
  readonly type: ExposedFamily['type'];
  /** How many points it has; a histogram is one. */
  readonly points: number;
  /** How many values each label has; 100 000 stands for at least as many. */
  readonly labels: Readonly<Record<string, number>>;
}

/** What a page was found to be. */
export interface LintReport {
  /** What breaks a rule, by line; at most `maxFaults` for rules of the format. */
  readonly findings: readonly LintFinding[];
  /** How many findings there were, those that were not kept included. */
  readonly findingCount: number;
  /** The families, those with most points first. */
  readonly families: readonly FamilyCount[];
  /** How many points there are. */
  readonly points: number;
  /** How many bytes the page has, decompressed. */
  readonly bytes: number;
}
