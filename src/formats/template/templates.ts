import { BlockTable, type SymbolCounts } from './block-table.ts';
import { type LinePlan, planLines, type TemplateLines } from './line-plan.ts';
import type { Template } from './template.ts';
import { writeLines } from './write-lines.ts';

/** How often zlib deflates a text before its ids get a plan: most plans would be made in vain. */
const COLD = 2;

/** Shorter texts are not worth a plan. */
const LEAST_BYTES = 2 * 1024;
/** Longer ones would hold the event loop. */
const MOST_BYTES = 192 * 1024;

/** How long a plan may be, as a part of its text. */
const PLAN_SHARE = 1 / 4;

/** How much longer than by zlib a text may be by its plan. */
const LONGER_THAN_ZLIB = 1.1;

/** A text that grows by this factor has values of another kind, and gets a new plan. */
const GROWTH = 9 / 8;

/** How much longer a text may be with the table of another, rather than with a table of its own. */
const SHARED_LOSS = 1.04;

/** The plan of ids, with the codes for it. */
interface Plan extends Pick<LinePlan, 'steps'> {
  readonly table: BlockTable;
  /** Longer blocks are the last ones of this plan. */
  readonly mostBytes: number;
}

/** What is known of some ids. */
interface KnownIds {
  /** How often zlib has deflated a text of them. */
  times: number;
  /** How long the latest blocks of zlib are, as a part of the text. */
  ratio: number;
  plan: Plan | undefined;
  /** Whether zlib is the better way. */
  isUnfit: boolean;
}

/**
 * Deflates texts by plans that are made once for ids that stay, in about a third of zlib's time
 * (bench/micro/deflate.ts). A plan is kept for as long as its ids live, and takes some 4 to 10
 * bytes a line.
 */
export class Templates {
  /** How many plans were made so far. */
  plans = 0;
  readonly #known = new WeakMap<object, KnownIds>();
  /** The latest table, and how much longer than ideal it made the text that it is of. */
  #table: { readonly table: BlockTable; readonly loss: number } | undefined;

  /** Notes what zlib made of a text. */
  met({ ids }: Template, textBytes: number, blockBytes: number): void {
    const known = this.#known.get(ids) ?? newIds();
    this.#known.set(ids, known);
    known.times++;
    known.ratio = blockBytes / textBytes;
  }

  /** Whether a text of some bytes can be deflated by the plan of its ids, as far as can be told without trying. */
  has(length: number, { ids }: Template): boolean {
    const known = this.#known.get(ids);
    if (known === undefined || known.isUnfit) return false;
    return known.times >= COLD && length >= LEAST_BYTES && length <= MOST_BYTES;
  }

  /**
   * Deflates a text by the plan of its ids, which is made if there is none. Undefined if it does not
   * fit: zlib is to do it. Holds the event loop for less than a millisecond.
   */
  deflate(text: Buffer, template: Template): Buffer | undefined {
    const known = this.#known.get(template.ids);
    if (known === undefined || !this.has(text.length, template)) return undefined;
    const lines = { text, ...template.lines() };
    if (known.plan === undefined) return this.#plan(known, lines);
    const blocks = writeLines(lines, known.plan, known.plan.table);
    if (blocks === undefined || blocks.length > known.plan.mostBytes) {
      known.plan = undefined;
      // Zlib tells first what is to be expected of such values.
      known.times = COLD - 1;
    }
    return blocks;
  }

  #plan(known: KnownIds, lines: TemplateLines): Buffer | undefined {
    const { steps, counts } = planLines(lines);
    const table = this.#tableFor(counts);
    const blocks = writeLines(lines, { steps }, table);
    const { length } = lines.text;
    const most = length * known.ratio * LONGER_THAN_ZLIB;
    if (blocks === undefined || blocks.length > most || steps.byteLength > length * PLAN_SHARE) {
      known.isUnfit = true;
      return undefined;
    }
    this.plans++;
    known.plan = { steps, table, mostBytes: blocks.length * GROWTH };
    return blocks;
  }

  /** The table of the plan before, if it fits: neighbours are mostly of the same family. */
  #tableFor(counts: SymbolCounts): BlockTable {
    const ideal = counts.bits();
    const latest = this.#table;
    if (latest !== undefined && counts.bits(latest.table) <= ideal * latest.loss * SHARED_LOSS) {
      return latest.table;
    }
    const table = new BlockTable(counts);
    this.#table = { table, loss: counts.bits(table) / ideal };
    return table;
  }
}

function newIds(): KnownIds {
  return { times: 0, ratio: 1, plan: undefined, isUnfit: false };
}
