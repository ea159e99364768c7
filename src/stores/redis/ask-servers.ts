import { setMaxListeners } from 'node:events';
import { OpeningError, type OpeningStage } from './connection-errors.ts';
import {
  type ConnectionPlan,
  type Deadline,
  type OnStage,
  ServerConnection,
} from './server-connection.ts';

// One that was cut off may know an older state than the others, and may be the fastest.
const GRACE_MS = 50;

/** A server, and what it is asked. */
export interface Question<Answer> extends ConnectionPlan {
  /** For what it is asked. */
  readonly stage: OpeningStage;
  readonly ask: (connection: ServerConnection) => Promise<Answer>;
}

/**
 * Asks several servers at once, and takes what comes by a moment after the first answer.
 *
 * Rejects with an `OpeningError` if none answers.
 */
export async function askServers<Answer>(
  stage: OpeningStage,
  asks: readonly ((deadline: Deadline) => Promise<Answer>)[],
  deadline: Deadline,
): Promise<readonly Answer[]> {
  const others = new AbortController();
  const end = AbortSignal.any([deadline, others.signal]);
  setMaxListeners(0, end);
  const answers: Answer[] = [];
  const asked = asks.map(async (ask) => {
    answers.push(await ask(end));
  });
  let timer: NodeJS.Timeout | undefined;
  try {
    await Promise.any(asked);
    const grace = new Promise((resolve) => {
      timer = setTimeout(resolve, GRACE_MS);
    });
    await Promise.race([Promise.allSettled(asked), grace]);
    return answers;
  } catch (error) {
    throw OpeningError.ofAll(stage, error instanceof AggregateError ? error.errors : [error]);
  } finally {
    clearTimeout(timer);
    // Those that have not answered are not waited for.
    others.abort();
  }
}

/** Asks one server over a connection of its own. */
export async function askServer<Answer>(
  { stage, ask, ...plan }: Question<Answer>,
  deadline: Deadline,
  onStage: OnStage | undefined,
): Promise<Answer> {
  const connection = await ServerConnection.open(plan, deadline, (pending) =>
    onStage?.(OpeningError.ofAll(stage, [pending])),
  );
  try {
    return await before(deadline, stage, ask(connection));
  } finally {
    connection.destroy(undefined);
  }
}

/** Waits for an answer, but not beyond a deadline. */
export function before<Answer>(
  deadline: Deadline,
  stage: OpeningStage,
  answer: Promise<Answer>,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const onDeadline = (): void => reject(new OpeningError(stage, { isLate: true }));
    if (deadline.aborted) onDeadline();
    deadline.addEventListener('abort', onDeadline, { once: true });
    answer.then(resolve, reject);
  });
}
