import type { TrackerRunIdentity, TrackerRunStart } from '@mortise/core';
import type { RunStart, WandbEnvironment } from '@mortise/wandb-client';

import { newStory, shownTags, STORY } from './run-story.ts';
import type { WandbTrackerSettings } from './wandb-tracker-settings.ts';

/** What holds for all runs of a tracker. */
export interface RunDefaults {
  entity?: string | undefined;
  project?: string | undefined;
  env: WandbEnvironment;
}

/** A tracker run as a W&B run begins. The whole of what is cut here is in its config. */
export function runStart(id: TrackerRunIdentity, start: TrackerRunStart, { entity, project, env }: RunDefaults): RunStart {
  const settings = start.settings as Partial<WandbTrackerSettings>;
  const isStep = id.stepId !== undefined;
  const notes = settings.notes ?? env.notes;
  const owner = settings.entity ?? entity;
  const host = env.host ?? start.source?.host;
  return {
    id: runIdOf(id, settings),
    ...(owner !== undefined && { entity: owner }),
    project: settings.project ?? projectOf(start, project),
    displayName: cut(!isStep && env.name !== undefined ? env.name : start.name, 128),
    group: cut(env.group ?? start.group, 128),
    jobType: cut(settings.jobType ?? env.jobType ?? id.stepId ?? 'pipeline', 64),
    ...(notes !== undefined && { notes }),
    tags: shownTags(start.tags, env.tags),
    config: { ...start.params, ...settings.config, [STORY]: newStory(id, env.withoutGit === true ? withoutGit(start) : start) },
    startedAt: start.startedAt,
    ...(host !== undefined && { host }),
    ...programOf(start),
    ...(start.resumed === true && { resumed: true as const }),
  };
}

function withoutGit({ source, ...start }: TrackerRunStart): TrackerRunStart {
  if (source === undefined) return start;
  const { commit: _commit, branch: _branch, dirty: _dirty, ...rest } = source;
  return { ...start, source: rest };
}

/** Arguments of the command may be secrets, and stay here. */
function programOf({ source }: TrackerRunStart): { program?: string } {
  const program = source?.file ?? source?.command[0];
  return program === undefined ? {} : { program };
}

/** Our key, which nobody else has, unless one is set; the runs of one step are still told apart. */
function runIdOf({ key, stepId, mapIndex, attempt }: TrackerRunIdentity, { runId }: Partial<WandbTrackerSettings>): string {
  if (runId === undefined || stepId === undefined) return key;
  return `${runId}${mapIndex === undefined ? '' : `-${mapIndex}`}${attempt > 1 ? `-attempt${attempt}` : ''}`;
}

/** That of the experiment, which may have any name, a project may not. Unless it is no more than that of the pipeline, and another one is set for all. */
function projectOf({ experiment, tags }: TrackerRunStart, project: string | undefined): string {
  if (project !== undefined && experiment === tags['mortise.pipeline']) return project;
  return cut(experiment.replace(/[/\\#?%:]+/g, '-'), 128);
}

function cut(text: string, most: number): string {
  const characters = Array.from(text);
  return characters.length <= most ? text : `${characters.slice(0, most - 1).join('')}…`;
}
