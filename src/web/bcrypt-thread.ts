import { Worker } from 'node:worker_threads';
import { BCRYPT_PROGRAM } from './bcrypt-program.ts';

/** Compares passwords with bcrypt hashes in a thread, which starts with the first password. */
export class BcryptThread {
  #worker: Worker | undefined;
  #settle: { resolve(same: boolean): void; reject(error: Error): void } | undefined;

  /**
   * Whether a hash is that of a password. bcrypt ignores anything past byte 72.
   *
   * One at a time: the caller waits for the result before the next call. Rejects if the thread
   * fails; the next call starts another. Neither the thread nor a pending result keeps the process
   * alive.
   */
  compare(password: string, hash: string): Promise<boolean> {
    return new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
      this.#worker ??= this.#start();
      this.#worker.postMessage({ password, hash });
    });
  }

  /** Ends the thread; a pending comparison rejects. */
  close(): void {
    const worker = this.#worker;
    this.#worker = undefined;
    void worker?.terminate();
    this.#fail(new Error('the thread for bcrypt was closed'));
  }

  #start(): Worker {
    // A text, not a file: a bundled application has neither a second file nor `node_modules`.
    // The thread gets no flags of this process, which may name loaders, and no environment.
    const worker = new Worker(BCRYPT_PROGRAM, { eval: true, execArgv: [], env: {} });
    worker.on('message', (same) => {
      const settle = this.#settle;
      this.#settle = undefined;
      settle?.resolve(same === true);
    });
    const end = (error: Error): void => {
      if (this.#worker !== worker) return;
      this.#worker = undefined;
      this.#fail(error);
    };
    // Only now: listening to messages makes the thread keep the process alive again.
    worker.unref();
    worker.on('error', end);
    worker.on('exit', (code) => end(new Error(`the thread for bcrypt ended with ${code}`)));
    return worker;
  }

  #fail(error: Error): void {
    const settle = this.#settle;
    this.#settle = undefined;
    settle?.reject(error);
  }
}
