import { setImmediate } from 'node:timers/promises';
import { inputFailed, type StoreInput } from '../store-input.ts';
import type { PointRounds } from './point-rounds.ts';

// As many points as are taken in a millisecond or so.
const STRIDE = 256;

/** Where points that are iterated go. */
export interface PointIntake {
  /** Where admitted points go. */
  readonly rounds: PointRounds;
  /** Takes a point; returns whether the round is full. */
  take(given: unknown): boolean;
  /** Throws once the store is closed. */
  assertOpen(): void;
}

/**
 * Takes and writes points until the iteration ends, and waits until all are acknowledged. What was
 * taken before the iteration threw is written; it rejects with `input_failed` then.
 */
export async function takePoints(input: StoreInput, intake: PointIntake): Promise<void> {
  const { rounds } = intake;
  let failure: { readonly error: unknown } | undefined;
  const write = async (): Promise<void> => {
    try {
      await rounds.write();
    } catch (error) {
      failure = { error };
      throw error;
    }
  };
  try {
    if (input.kind === 'sync') await takeNow(input.points, intake, write);
    else {
      for await (const point of input.points) {
        intake.assertOpen();
        if (intake.take(point)) await write();
      }
    }
  } catch (cause) {
    if (failure !== undefined) throw failure.error;
    intake.assertOpen();
    await rounds.finish();
    throw inputFailed('upsert', cause);
  }
  await rounds.finish();
}

async function takeNow(
  points: Iterable<unknown>,
  intake: PointIntake,
  write: () => Promise<void>,
): Promise<void> {
  let taken = 0;
  for (const point of points) {
    if (intake.take(point)) await write();
    else if (++taken % STRIDE !== 0) continue;
    // What is under way goes on meanwhile, and others get their turn.
    else await setImmediate();
    intake.assertOpen();
  }
}
