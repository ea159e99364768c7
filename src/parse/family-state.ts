import type { ExposedFamily, ExposedType } from './exposition.ts';

const NONE: readonly string[] = [];

/** What is known of a family while a page is read. */
export class FamilyState {
  /** The name in metadata: in OpenMetrics 1.0 without `_total` and `_info`. */
  readonly name: string;
  type: ExposedType = 'unknown';
  help: string | undefined;
  unit: string | undefined;
  /** The keywords of the metadata lines that have been read. */
  words: readonly string[] = NONE;
  /** Whether samples have been read. */
  hasSamples = false;
  /** Whether another family followed its lines. */
  isClosed = false;
  /** Whether something of it has changed since it was given. */
  isChanged = true;
  /** Whether samples have the name alone, without the suffix of the type. */
  hasBareSamples = false;
  /** Whether a histogram or summary has been made of its lines. */
  hasComposites = false;
  /** The names of samples that were given as they are. */
  loneNames: readonly string[] = NONE;

  constructor(name: string) {
    this.name = name;
  }

  /** The family under the name that its points carry. */
  exposed(suffix: string): ExposedFamily {
    const { help, unit } = this;
    const isLone = !this.hasComposites && this.loneNames.includes(this.name);
    return {
      name: this.hasBareSamples ? this.name : this.name + suffix,
      type: isLone ? 'unknown' : this.type,
      ...(help !== undefined && { help }),
      ...(unit !== undefined && unit !== '' && { unit }),
    };
  }
}
