import { Transient } from '@mortise/core';

import { OWN_STEP } from './gather-rows.ts';
import { storyOf } from './run-story.ts';

/** Who else may write to a run at the server. */
export interface OtherWriters {
  /** A program was told of it by this process. */
  readonly isTold: boolean;
  /** Another process told one of it, or the run has an id that others may have given to theirs. */
  readonly mayBe: boolean;
}

/**
 * Of two runs of one id one writes at a time.
 * @param key of the one that asks
 * @throws Transient while it is open to the other one
 */
export function waitForItsEnd(config: Readonly<Record<string, unknown>>, id: string, key: string): void {
  const story = storyOf(config);
  if (story === undefined || story.key === key || story.ended_at !== undefined) return;
  throw new Transient(
    `the W&B run "${id}" is open to another run (${story.show}), and two at once would write over each other's rows: this one waits for its end. If it never ends, choose another runId`,
  );
}

/** Said of a run whose rows wait. */
export const WAITS =
  'a program was told of its W&B run (activeRun().env()), where two cannot write at once: what the step logs goes there when it ends, behind what the program has logged';

/** Said of points whose steps others have taken, up to this one. */
export function movedBy(othersStep: number): string {
  return `others have logged into its W&B run up to step ${othersStep}: the steps up to it, and those that follow, are in rows of their own at its next steps. Their own step is in "${OWN_STEP}"`;
}

/** Rejects with the signal's reason when the caller gives up. */
export async function untilEnded(ended: Promise<void>, signal: AbortSignal): Promise<void> {
  const given = Promise.withResolvers<never>();
  const giveUp = (): void => given.reject(signal.reason as Error);
  signal.addEventListener('abort', giveUp, { once: true });
  try {
    signal.throwIfAborted();
    await Promise.race([ended, given.promise]);
  } finally {
    signal.removeEventListener('abort', giveUp);
  }
}
