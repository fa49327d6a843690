/** How long it may take to remove what a check wrote that was given up or failed, ms. */
const REMOVE_MS = 1_000;

/** How a store sees that it can be used: with an object of its own. */
export interface WritingCheck {
  write(): Promise<unknown>;
  /** At what was written. */
  look(): Promise<unknown>;
  /** Removing what is not there is fine. */
  remove(signal: AbortSignal): Promise<unknown>;
}

/** Writes something, looks at it and removes it, also when the signal is aborted in between: the server may have what it was not heard to have. */
export async function checkByWriting({ write, look, remove }: WritingCheck, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  let isWritten = false;
  try {
    await write();
    isWritten = true;
    await look();
    await remove(signal);
  } catch (error) {
    // What went wrong is told, and not what goes wrong then.
    if (isWritten || signal.aborted) await remove(AbortSignal.timeout(REMOVE_MS)).catch(() => undefined);
    throw error;
  }
}
