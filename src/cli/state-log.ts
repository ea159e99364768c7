import type { ProgramLog } from '../logging/program-log.ts';
import { RepeatLimit } from '../logging/repeat-limit.ts';
import { errorFields } from './program-logger.ts';
import { durationText } from './settings/value-types.ts';

/** Whether something that failed fails still; undefined once it is not used any more. */
export type StillFails = () => boolean | undefined;

const LOOK_MS = 1000;

/**
 * Logs states that change: one line if something begins to fail or fails for another reason, and
 * one if it works again.
 */
export class StateLog {
  readonly #log: ProgramLog;
  readonly #failing = new Map<string, { text: string; readonly timer: NodeJS.Timeout }>();
  readonly #repeats = new RepeatLimit((text) => this.#writeRepeat(text));

  constructor(log: ProgramLog) {
    this.#log = log;
  }

  /**
   * Notes a failure of a state that has an end.
   *
   * @param name - what fails, such as the name of a source; unique within the component.
   * @param stillFails - looked at each second until it is false, which is logged, or undefined.
   */
  failed(component: string, name: string, error: unknown, stillFails: StillFails): void {
    const key = `${component} ${name}`;
    const fields = errorFields(error);
    const text = String(fields.err);
    const known = this.#failing.get(key);
    if (known?.text === text) return;
    this.#log.error(component, 'Reading failed', { source: name, ...fields });
    if (known !== undefined) {
      known.text = text;
      return;
    }
    this.#lookUntilBack(key, text, stillFails, () =>
      this.#log.info(component, 'Reading works again', { source: name }),
    );
  }

  /** Notes that the store cannot be read, for whatever reasons until it can be read again. */
  away(url: string, error: unknown, isAway: StillFails): void {
    if (this.#failing.has('store')) return;
    this.#log.error('storage', 'Store away', { url, ...errorFields(error) });
    const since = performance.now();
    this.#lookUntilBack('store', '', isAway, () => {
      const after = durationText(Math.round(performance.now() - since));
      this.#log.info('storage', 'Store back', { url, after });
    });
  }

  #lookUntilBack(key: string, text: string, stillFails: StillFails, tell: () => void): void {
    const timer = setInterval(() => {
      const fails = stillFails();
      if (fails === true) return;
      clearInterval(timer);
      this.#failing.delete(key);
      // A source that a reload has removed does not work again.
      if (fails === false) tell();
    }, LOOK_MS).unref();
    this.#failing.set(key, { text, timer });
  }

  /** Notes an error that has no end, such as that of one connection: repeated ones once a minute. */
  error(component: string, msg: string, error: unknown): void {
    this.repeated(component, msg, errorFields(error));
  }

  /** Logs what is right again. */
  info(component: string, msg: string, fields: Record<string, unknown>): void {
    this.#log.info(component, msg, fields);
  }

  /** Logs a line as an error, and the same line again once a minute with how often it came. */
  repeated(component: string, msg: string, fields: object = {}): void {
    const text = JSON.stringify([component, msg, fields]);
    this.#repeats.add({ component, start: `${component} ${msg}` }, text);
  }

  /** Ends the looking. */
  close(): void {
    for (const { timer } of this.#failing.values()) clearInterval(timer);
    this.#failing.clear();
  }

  #writeRepeat(line: string): void {
    const [, json = '', suppressed] = /^(.*?\])(?: suppressed=(\d+))?$/s.exec(line) ?? [];
    const [component, msg, fields] = JSON.parse(json) as [string, string, object];
    this.#log.error(component, msg, { ...fields, suppressed: suppressed && Number(suppressed) });
  }
}
