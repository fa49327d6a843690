import type { TrackerState } from '@mortise/flavor-testkit';
import type { WandbRecorder } from '@mortise/wandb-client/testing';

import type { TrackerRunState } from '../../../../core/src/testing/told-states.ts';
import { exitCodeOf, type RunStory } from '../experiment-tracker/run-story.ts';
import { readOnlineRun } from './read-run.ts';

/** With what the run's own story says it is part of. */
export function withStory(state: TrackerState): TrackerRunState {
  const { key, parent, superseded_by: by } = state.links as unknown as RunStory;
  const links = {
    'mortise.key': key,
    ...(parent !== undefined && { 'mortise.parent_key': parent }),
    ...(by !== undefined && { 'mortise.superseded_by': by }),
  };
  return { ...state, tags: { ...state.tags, ...links } };
}

/** A run at the recorder; its status says so if W&B would show another one. */
export function shownRun(recorder: WandbRecorder, id: string): TrackerRunState {
  const state = withStory(readOnlineRun(recorder, id)!);
  const { exitCode } = recorder.run(id)!;
  const isShown = exitCode === exitCodeOf(state.status as TrackerState['status']);
  return { ...state, status: isShown ? state.status : `${state.status}, and shown as exit code ${exitCode}` };
}
