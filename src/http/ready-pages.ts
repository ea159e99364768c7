import type { NamePlan } from '../formats/name-plan.ts';
import type { EscapingScheme } from '../model/key/index.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';

/** A page all but its end, which lies ready or is made in no time. */
export interface ReadyPage {
  readonly parts: readonly Buffer[];
  /** What follows, made of the lines that differ from scrape to scrape. */
  end(text: Buffer): Buffer;
}

/**
 * What lies ready of one snapshot, so that a scrape waits for nothing. It holds what the view has
 * made anyway, and lets go of it with the next snapshot.
 */
export class ReadyPages<Form> {
  #snapshot: Snapshot | undefined;
  readonly #plans = new Map<EscapingScheme, NamePlan>();
  readonly #pages = new Map<Form, ReadyPage>();

  /** Drops what there is of earlier snapshots; returns the schemes that it was planned in. */
  begin(snapshot: Snapshot): readonly EscapingScheme[] {
    const schemes = [...this.#plans.keys()];
    this.#snapshot = snapshot;
    this.#plans.clear();
    this.#pages.clear();
    return schemes;
  }

  plan(snapshot: Snapshot, scheme: EscapingScheme): NamePlan | undefined {
    return snapshot === this.#snapshot ? this.#plans.get(scheme) : undefined;
  }

  page(snapshot: Snapshot, form: Form): ReadyPage | undefined {
    return snapshot === this.#snapshot ? this.#pages.get(form) : undefined;
  }

  /** Keeps a plan, unless the snapshot is not the newest any more. */
  keepPlan(snapshot: Snapshot, scheme: EscapingScheme, plan: NamePlan): void {
    if (this.#isNewest(snapshot)) this.#plans.set(scheme, plan);
  }

  /** Keeps a page in the same way. Pieces of text have their end behind them as it is. */
  keep(snapshot: Snapshot, form: Form, page: ReadyPage | readonly Buffer[]): void {
    if (!this.#isNewest(snapshot)) return;
    const ready = 'end' in page ? page : { parts: page, end: (text: Buffer) => text };
    this.#pages.set(form, ready);
  }

  /** A handler may be made when its reader has a snapshot already. */
  #isNewest(snapshot: Snapshot): boolean {
    this.#snapshot ??= snapshot;
    return snapshot === this.#snapshot;
  }
}
