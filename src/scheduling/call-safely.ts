/**
 * Calls a listener of the user at once. What it throws, now or later, is ignored: a logger that
 * fails must fail neither the work it is called from nor the process.
 */
export function callSafely<A extends readonly unknown[]>(
  listener: (...args: A) => unknown,
  ...args: A
): void {
  const call = async (): Promise<unknown> => listener(...args);
  call().catch(() => undefined);
}
