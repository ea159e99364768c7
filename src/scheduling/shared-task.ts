/**
 * Runs a task once for all callers that ask while it runs (single flight). The next caller starts
 * it again, whether it succeeded or failed.
 */
export class SharedTask<T> {
  #running: Promise<T> | undefined;

  /** Whether the task runs now. */
  get isRunning(): boolean {
    return this.#running !== undefined;
  }

  /** Starts the task, or joins the run that has begun; settles as that run does. */
  run(task: () => Promise<T>): Promise<T> {
    this.#running ??= task().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }
}
