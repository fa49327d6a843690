import type { TrackerRunState } from '../../../../core/src/testing/told-states.ts';
import type { RunAtNeptune } from './run-at-neptune.ts';
import { runState } from './run-state.ts';

/** A run in the words that all trackers share: what is ours is below `mortise/`. */
export function ownState(run: RunAtNeptune): TrackerRunState {
  const { error, ...state } = runState(run, () => undefined);
  const failed = run.fields.get('sys/failed')?.value === true;
  const shown = failed === (state.status === 'failed' || state.status === 'killed');
  const paths = [...run.fields.keys()].filter((path) => path.startsWith('mortise/'));
  const own = paths.map((path) => [path.replace('/', '.'), run.text(path) ?? ''] as const);
  const tags: Record<string, string> = Object.fromEntries(own);
  const parent = tags['mortise.parent'];
  return {
    ...state,
    status: shown ? state.status : `${state.status}, and shown as failed: ${failed}`,
    ...(error !== undefined && { error: `${run.text('error/type')}: ${error}` }),
    tags: { ...tags, ...(parent !== undefined && { 'mortise.parent_key': parent }) },
  };
}
