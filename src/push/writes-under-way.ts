import { type Group, GroupIndex } from './group-index.ts';
import type { PreparedFamily } from './prepared-push.ts';
import { InconsistentPush } from './pushed-families.ts';

/**
 * The groups that writes are changing, with what pushes bring to them. Which of these writes will
 * succeed is not known, so another push may begin beside them only if it agrees with each of them.
 */
export class WritesUnderWay {
  readonly #index = new GroupIndex();

  /** How many groups are being changed. */
  get size(): number {
    return this.#index.groups.size;
  }

  /** Whether a group is being changed. */
  has({ key }: Group): boolean {
    return this.#index.groups.has(key);
  }

  /** The HELP of a family that a push brings; undefined if none brings the family. */
  helpOf(name: string): string | undefined {
    return this.#index.family(name)?.help;
  }

  /** Whether a push contradicts none of those under way. */
  agree({ labels }: Group, pushed: readonly PreparedFamily[]): boolean {
    try {
      this.#index.check(this.#index.groupOf(labels), pushed, 'put');
      return true;
    } catch (error) {
      if (error instanceof InconsistentPush) return false;
      throw error;
    }
  }

  /** Notes that a group is being changed; returns what notes that it no longer is. */
  begin({ labels }: Group, pushed: readonly PreparedFamily[] = []): () => void {
    const group = this.#index.groupOf(labels);
    this.#index.set(group, pushed, 'put');
    return () => this.#index.delete(group);
  }
}
