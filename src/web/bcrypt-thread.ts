import { createRequire } from 'node:module';
import { Worker } from 'node:worker_threads';

// Text, not a module of its own: a thread of Node 20 loads no TypeScript, and a bundle has no second file.
const THREAD = `
  const { parentPort, workerData } = require('node:worker_threads');
  const { compareSync } = require(workerData);
  parentPort.on('message', ({ password, hash }) => {
    parentPort.postMessage(compareSync(password, hash));
  });
`;

/** Compares passwords with bcrypt hashes in a thread of its own, which starts with the first one. */
export class BcryptThread {
  #worker: Worker | undefined;
  #settle: { resolve(same: boolean): void; reject(error: Error): void } | undefined;

  /**
   * Whether a password is the one of a hash; only its first 72 bytes count, as always with bcrypt.
   *
   * One at a time: the caller waits for the answer before it asks again. Rejects when the thread fails;
   * the next call starts another. Neither the thread nor an answer that is due keeps the process alive.
   */
  compare(password: string, hash: string): Promise<boolean> {
    return new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
      this.#worker ??= this.#start();
      this.#worker.postMessage({ password, hash });
    });
  }

  /** Ends the thread; an answer that is due rejects. */
  close(): void {
    const worker = this.#worker;
    this.#worker = undefined;
    void worker?.terminate();
    this.#fail(new Error('the thread for bcrypt was closed'));
  }

  #start(): Worker {
    const require = createRequire(import.meta.url);
    const bcrypt = require.resolve('bcryptjs');
    // Without the flags of this process, which may name loaders; and without its environment.
    const worker = new Worker(THREAD, { eval: true, execArgv: [], env: {}, workerData: bcrypt });
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
