import { resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { logError, logRecovery } from '../logging/default-log.ts';
import { SnapscrapeError, type SnapscrapeErrorCode } from '../model/errors.ts';
import { checkOptions, integerWithin, isFunction, LONGEST_TIMER } from '../model/options.ts';
import { callSafely } from '../scheduling/call-safely.ts';
import { FileReloads, stampsNow } from './file-reloads.ts';
import type { ReadWebConfig } from './read-web-config.ts';
import type { WebConfig } from './web-config.ts';

/** Settings of a web configuration file. */
export interface WebConfigFileOptions {
  /**
   * How often the files are looked at for changes once `watch` was called, in ms: one `stat` for
   * each. A change is read when the next look finds the files as this one did, since a file that is
   * being saved may be empty for a moment. Default 1 000, from 10.
   */
  readonly pollInterval?: number;
  /**
   * The highest cost that a bcrypt hash may have; each step doubles the time of a guess. Default
   * 16, about four seconds; from 4 to 31, which takes a day.
   */
  readonly maxBcryptCost?: number;
  /**
   * Is called with the error of each reload that failed; the configuration before stays in force.
   * Default: a line on standard error, repeated ones once a minute, and one for each reload that
   * brought a change; `() => {}` logs nothing.
   */
  readonly onError?: (error: SnapscrapeError) => void;
  /** The clock of `lastReload`, in ms since 1970. Default `Date.now`. */
  readonly now?: () => number;
}

/** The defaults of {@link WebConfigFileOptions}. */
export const WEB_CONFIG_FILE_DEFAULTS: Required<WebConfigFileOptions> = Object.freeze({
  pollInterval: 1000,
  maxBcryptCost: 16,
  onError: (error) => logError('web_config', error),
  now: () => Date.now(),
});

/** How the last attempt to read the file went. */
export interface WebConfigReload {
  /** Whether the file was good, and is in force. */
  readonly ok: boolean;
  /** When it was read, in ms since 1970. */
  readonly at: number;
  /** What was wrong with it; undefined if it was good. */
  readonly code: SnapscrapeErrorCode | undefined;
}

/** How many reads of the file succeeded and failed, the first one included. */
export interface WebConfigReloads {
  /** Reads that succeeded. */
  readonly success: number;
  /** Reads that failed. */
  readonly failure: number;
}

/**
 * A web configuration file in the format of Prometheus's exporter-toolkit.
 *
 * A change of the file, or of the certificates and keys it names, is read without a restart; if it
 * is bad, the last good one stays. Turning TLS, or HTTP/2 over it, on or off takes a restart. So
 * does removing the last user and token, which would admit every client: such a file is bad.
 */
export class WebConfigFile {
  /** The absolute path of the file. */
  readonly path: string;
  readonly #options: Required<WebConfigFileOptions>;
  readonly #callbacks = new Set<(config: WebConfig) => void>();
  #read: ReadWebConfig;
  readonly #files: FileReloads;
  #lastReload: WebConfigReload;
  #lastSuccess: number;
  #reloads: WebConfigReloads = { success: 1, failure: 0 };

  private constructor(
    path: string,
    options: Required<WebConfigFileOptions>,
    read: ReadWebConfig,
    stamps: ReadonlyMap<string, string>,
  ) {
    this.path = path;
    this.#options = options;
    this.#read = read;
    this.#files = new FileReloads(stamps, (next) => this.#load(next));
    this.#lastSuccess = options.now();
    this.#lastReload = { ok: true, at: this.#lastSuccess, code: undefined };
  }

  /**
   * Reads a file for the first time. Rejects with `invalid_web_config`, every problem with its line
   * and remedy, or `invalid_options`.
   *
   * @param path - relative to the working folder; paths in the file are relative to the file's
   *   folder.
   */
  static async load(path: string, options: WebConfigFileOptions = {}): Promise<WebConfigFile> {
    const checked = checkOptions('WebConfigFile.load', options, WEB_CONFIG_FILE_DEFAULTS, {
      pollInterval: integerWithin(10, LONGEST_TIMER, 'ms'),
      maxBcryptCost: integerWithin(4, 31, 'cost'),
      onError: isFunction,
      now: isFunction,
    });
    const absolute = resolve(path);
    const stamps = new Map<string, string>();
    const { readWebConfig } = await import('./read-web-config.ts');
    const read = await readWebConfig(absolute, checked.maxBcryptCost, { stamps });
    return new WebConfigFile(absolute, checked, read, stamps);
  }

  /** What is in force. */
  get current(): WebConfig {
    return this.#read.config;
  }

  /** How the last attempt to read the file went, the first one included. */
  get lastReload(): WebConfigReload {
    return this.#lastReload;
  }

  /** When the file was last read and found good, in ms since 1970. */
  get lastSuccess(): number {
    return this.#lastSuccess;
  }

  /** How many reads succeeded and failed, the first one included. */
  get reloads(): WebConfigReloads {
    return this.#reloads;
  }

  /**
   * Reads the files now, or joins the reading that is under way. Never rejects.
   *
   * @returns whether the file is good, and what it says in force.
   */
  reload(): Promise<boolean> {
    return this.#files.reload();
  }

  /**
   * Calls back with each configuration that comes into force from now on. If a callback throws, the
   * reload fails, and every callback that was called is called again with the configuration before.
   *
   * @returns ends it.
   */
  onReload(callback: (config: WebConfig) => void): () => void {
    this.#callbacks.add(callback);
    return () => this.#callbacks.delete(callback);
  }

  /**
   * Begins to look for changes of the files; does nothing the second time. Keeps no process alive.
   */
  watch(): this {
    this.#files.watch(this.#options.pollInterval);
    return this;
  }

  /** Ends the watching. The configuration stays in force. */
  close(): void {
    this.#files.close();
  }

  /**
   * Reloads if a file has changed since it was last read, good or bad, and has not changed again
   * since the last look: an editor may empty a file before it writes it. Never rejects.
   */
  reloadIfChanged(): Promise<void> {
    return this.#files.reloadIfChanged();
  }

  async #load(stamps: Map<string, string>): Promise<void> {
    try {
      const { readWebConfig } = await import('./read-web-config.ts');
      const read = await readWebConfig(this.path, this.#options.maxBcryptCost, { stamps });
      this.#files.take(stamps);
      await this.#rejectHalf(stamps);
      this.#rejectRestart(read.config);
      const isChanged = read.digest !== this.#read.digest;
      if (isChanged) this.#putInForce(read);
      if (isChanged || !this.#lastReload.ok) this.#logReload();
      this.#note(undefined);
      this.#lastSuccess = this.#lastReload.at;
    } catch (error) {
      this.#failed(error);
      throw error;
    }
  }

  #note(code: SnapscrapeErrorCode | undefined): void {
    const [ok, { success, failure }] = [code === undefined, this.#reloads];
    this.#reloads = ok ? { success: success + 1, failure } : { success, failure: failure + 1 };
    this.#lastReload = { ok, at: this.#options.now(), code };
  }

  /** Throws what a callback throws; then the configuration before is in force again. */
  #putInForce(read: ReadWebConfig): void {
    const before = this.#read;
    const called: ((config: WebConfig) => void)[] = [];
    this.#read = read;
    try {
      for (const callback of this.#callbacks) {
        called.push(callback);
        callback(read.config);
      }
    } catch (error) {
      this.#read = before;
      for (const callback of called) {
        try {
          callback(before.config);
        } catch {
          // The reload has failed already.
        }
      }
      throw error;
    }
  }

  #logReload(): void {
    if (this.#options.onError !== WEB_CONFIG_FILE_DEFAULTS.onError) return;
    logRecovery('web_config', 'Web configuration reloaded', { path: this.path });
  }

  #failed(cause: unknown): void {
    const text = `${this.path}: cannot be put in force`;
    const error =
      cause instanceof SnapscrapeError
        ? cause
        : new SnapscrapeError('invalid_web_config', text, { cause });
    this.#note(error.code);
    callSafely(this.#options.onError, error);
  }

  /** What is written while it is read may be half of one file and half of another. */
  async #rejectHalf(stamps: ReadonlyMap<string, string>): Promise<void> {
    if (isDeepStrictEqual(await stampsNow(stamps), stamps)) return;
    throw new SnapscrapeError(
      'invalid_web_config',
      `${this.path}: it, or a file it names, was written while it was read; reload it again`,
    );
  }

  /**
   * A listening server cannot turn TLS on or off. And an emptied file must not open it to every
   * client.
   */
  #rejectRestart(next: WebConfig): void {
    const now = this.#read.config;
    const isTlsTurned = (now.tls === undefined) !== (next.tls === undefined);
    // Without TLS nothing depends on it.
    const isHttp2Turned = now.tls !== undefined && now.http2 !== next.http2;
    const change =
      isTlsTurned || isHttp2Turned
        ? 'turns TLS or HTTP/2 on or off'
        : isGuarded(now) && !isGuarded(next)
          ? 'has no users or tokens any more, and would admit every client'
          : undefined;
    if (change === undefined) return;
    throw new SnapscrapeError(
      'invalid_web_config',
      `${this.path}: ${change}, which needs a restart; the rest waits with it`,
    );
  }
}

/** Whether there are users or tokens. */
function isGuarded({ users, bearerTokens }: WebConfig): boolean {
  return users.size + bearerTokens.size > 0;
}
