// One that was cut off may know an older state than the others, and may be the fastest.
const GRACE_MS = 50;

/**
 * Waits for the first of several that were asked at once, and a moment for others. Rejects with an
 * `AggregateError` if none answers.
 */
export async function firstAnswers<Answer>(
  asked: readonly Promise<Answer>[],
): Promise<readonly Answer[]> {
  const answers: Answer[] = [];
  const noted = asked.map(async (answer) => {
    answers.push(await answer);
  });
  await Promise.any(noted);
  let timer: NodeJS.Timeout | undefined;
  const grace = new Promise((resolve) => {
    timer = setTimeout(resolve, GRACE_MS);
  });
  await Promise.race([Promise.allSettled(noted), grace]);
  clearTimeout(timer);
  return answers;
}
