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
    if (this.#running !== undefined) return this.#running;
    let follow!: (run: Promise<T>) => void;
    const running = new Promise<T>((resolve) => {
      follow = resolve;
    }).finally(() => {
      this.#running = undefined;
    });
    this.#running = running;
    // Assigned before the task starts: a task that asks for itself joins its own run.
    const begin = async (): Promise<T> => task();
    follow(begin());
    return running;
  }
}
