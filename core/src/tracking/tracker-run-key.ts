/**
 * The stable name of one tracker run: 32 hex digits of sha256 over the run, the step, the item, the attempt and the component.
 * Whoever opens it again, in whatever process, arrives at the same key. Without `stepId` it is the parent of a pipeline run.
 */
export function trackerRunKey(of: { runId: string; stepId?: string; mapIndex?: number; attempt: number; component: string }): string {
  const parts = [of.runId, of.stepId ?? '', of.mapIndex ?? '', of.attempt, of.component];
  return process.getBuiltinModule('node:crypto').hash('sha256', JSON.stringify(parts)).slice(0, 32);
}
