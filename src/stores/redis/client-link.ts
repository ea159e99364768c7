import { ConnectionLostError, NotSentError } from './connection-errors.ts';
import type { GivenClient } from './redis-address.ts';
import type { LinkPlan, RedisLink } from './redis-link.ts';
import { replyWord } from './reply-reasons.ts';

/**
 * A client that the user has, and opens and closes. While it is not ready nothing is given to it,
 * so nothing waits in its queue.
 */
export class ClientLink implements RedisLink {
  readonly #client: GivenClient;
  readonly #onError: (error: unknown) => void;
  readonly #onReady: () => void;

  constructor({ onError, onOpen }: Pick<LinkPlan, 'onError' | 'onOpen'>, client: GivenClient) {
    this.#client = client;
    this.#onError = onError;
    this.#onReady = onOpen;
    client.on('error', this.#onError);
    client.on('ready', this.#onReady);
  }

  get isReady(): boolean {
    return this.#client.isReady;
  }

  async send(_key: string, args: readonly string[]): Promise<unknown> {
    if (!this.#client.isReady) throw new NotSentError(undefined);
    try {
      // Texts, whatever the client gives to others.
      return await this.#client.sendCommand([...args], { typeMapping: {} });
    } catch (error) {
      // Its classes may be of another version of the package: a reply is known by its word.
      if (replyWord(error) !== '') throw error;
      throw new ConnectionLostError(error);
    }
  }

  renew(): Promise<boolean> {
    return Promise.resolve(false);
  }

  confirm(): void {}

  /** Lets go of the client; closing it is the user's. */
  destroy(): void {
    this.#client.off('error', this.#onError);
    this.#client.off('ready', this.#onReady);
  }
}
