/** Most requests of one run at once. */
const MOST = 6;

/** Calls `work` for each, a few at once. The first failure ends it, when what is under way has ended. */
export async function atOnce<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const left = items.values();
  let failed: { error: unknown } | undefined;
  const worker = async (): Promise<void> => {
    for (const item of left) {
      if (failed !== undefined) return;
      await work(item).catch((error: unknown) => void (failed ??= { error }));
    }
  };
  await Promise.all(Array.from({ length: Math.min(MOST, items.length) }, worker));
  if (failed !== undefined) throw failed.error;
}
