/** Next calls this once when the server starts: the place for whatever collects. */
export async function register(): Promise<void> {
  // Next compiles this file for its edge runtime too, which has no stores.
  if (process.env.NEXT_RUNTIME === 'edge') return;
  const { metrics } = await import('./shared-metrics.ts');
  const { store } = metrics;
  await store.setFamilies([{ name: 'queue_jobs', type: 'gauge', help: 'Jobs that wait.' }]);
  await store.upsert([
    { name: 'queue_jobs', labels: { queue: 'mail' }, value: 3 },
    { name: 'queue_jobs', labels: { queue: 'search' }, value: 5 },
  ]);
}
