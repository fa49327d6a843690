import type { TrackerRunIdentity, TrackerRunStart } from '@mortise/core';

import type { ToldNames } from '../comet-environment.ts';
import type { CometTrackerSettings } from '../comet-tracker-settings.ts';
import { nameRefusal, OWN_PREFIX, shownName } from './names.ts';
import { otherText } from './other-text.ts';
import { tagRefusal } from './pieces-of.ts';

type Settings = Partial<CometTrackerSettings>;

/** Where a run goes at Comet. */
export interface CometPlace {
  workspace: string | undefined;
  projectName: string;
}

/**
 * The setting `projectName`, then what the run or the setting `experiment` names, then the component's own, then the pipeline's name: core gives that where
 * nothing else is named.
 */
export function placeOf({ experiment, tags, settings }: TrackerRunStart, configured: Partial<CometPlace>): CometPlace {
  const { projectName, workspace } = settings as Settings;
  const unset = experiment === tags[`${OWN_PREFIX}pipeline`] ? (configured.projectName ?? experiment) : experiment;
  return { workspace: workspace ?? configured.workspace, projectName: (projectName ?? unset).toWellFormed() };
}

/** The start of a run, with what the environment says of its names. Settings come before it. */
export function namedStart({ stepId }: TrackerRunIdentity, start: TrackerRunStart, { experimentName, labels }: ToldNames): TrackerRunStart {
  const settings = start.settings as Settings;
  return {
    ...start,
    ...(stepId === undefined && experimentName !== undefined && { name: experimentName }),
    settings: { ...settings, labels: [...(settings.labels ?? []), ...labels] },
  };
}

export function experimentName({ name, settings }: TrackerRunStart): string {
  return ((settings as Settings).experimentName ?? name).toWellFormed();
}

/** The environment's name of experiments would be given to that of a step by a program that it starts: this says the step's own in its place. */
export function childNames(told: ToldNames, name: string | undefined): Record<string, string> {
  if (told.experimentName === undefined || name === undefined) return {};
  return { COMET_START_EXPERIMENT_NAME: name, COMET_EXPERIMENT_NAME: name };
}

/** Comet's tags are single words: with these all experiments of a pipeline run, or of a pipeline, are found. */
export function labels({ tags, group, settings }: TrackerRunStart): string[] {
  const found = [tags[`${OWN_PREFIX}run`], tags[`${OWN_PREFIX}pipeline`], group, ...((settings as Settings).labels ?? [])];
  return [...new Set(found.filter((label) => label !== undefined && label !== '').map((label) => label!.toWellFormed()))];
}

/** What a run begins with among its others. Tags that Comet does not take are named in `mortise.refused_tags`. */
export function startOthers(id: TrackerRunIdentity, start: TrackerRunStart): Record<string, string> {
  const kept: Record<string, string> = {};
  const refused: string[] = [];
  for (const [name, text] of Object.entries(start.tags)) {
    const why = nameRefusal(name) ?? (isCores(name, id) ? undefined : tagRefusal(name));
    if (why === undefined) kept[name] = text.toWellFormed();
    else refused.push(`${shownName(name)} ${why}`);
  }
  return {
    Name: experimentName(start),
    ...kept,
    ...prefixed({
      key: id.key,
      group: start.group,
      show: `mortise runs show ${id.runId}`,
      map_index: id.mapIndex?.toString(),
      parent_key: id.parentKey,
      parent_url: start.parent?.url,
      user: start.user,
      ...sourceOf(start),
      refused_tags: refused.length === 0 ? undefined : refused.join('; '),
    }),
  };
}

/** Core's own, with which it overrides those that are set; the second ones only of a step. */
function isCores(name: string, { stepId }: TrackerRunIdentity): boolean {
  const own = ['run_id', 'run', 'pipeline', ...(stepId === undefined ? [] : ['step', 'attempt'])];
  return own.some((word) => name === `${OWN_PREFIX}${word}`);
}

/** Arguments of the command may be secrets, and stay here. */
function sourceOf({ source }: TrackerRunStart): Record<string, string | undefined> {
  if (source === undefined) return {};
  const { command, file, host, commit, branch, dirty } = source;
  return {
    program: file ?? command[0],
    host,
    'git.commit': commit,
    'git.branch': branch,
    'git.dirty': dirty === true ? 'true' : undefined,
  };
}

export function prefixed(values: Record<string, string | undefined>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [[`${OWN_PREFIX}${name}`, otherText(value)]])),
  );
}
