import type { Outcome, TrackerRunIdentity, TrackerRunSource, TrackerRunStart } from '@mortise/core';
import type { RunStatus } from '@mortise/mlflow-client';

import { nameRefusal, shownName } from './mlflow-names.ts';
import { LONGEST_TAG, tagText } from './tag-text.ts';

/** Begins the names of tags that are not for users to set. */
export const OWN_PREFIX = 'mortise.';
/** Why nobody else sets such a tag, in words that follow its name. */
export const TAKEN = `cannot be set: names that begin with "${OWN_PREFIX}" are those of Mortise`;
/** Names those that MLflow or we do not take, and why. */
export const REFUSED_TAGS = `${OWN_PREFIX}refused_tags`;
/** By which `open` finds its run again. */
export const KEY_TAG = `${OWN_PREFIX}key`;
/** When the request was made that created the run, ms. Which of two is older must be the same for everybody, and MLflow does not keep it. */
export const OPENED_TAG = `${OWN_PREFIX}opened_at`;
/** How the run ended, said by us: its status alone may be what another program made of it. */
export const END_TAG = `${OWN_PREFIX}end`;

const ERROR_TAGS = ['name', 'message', 'stack'].map((part) => `${OWN_PREFIX}error.${part}`);
const SUPERSEDED_TAG = `${OWN_PREFIX}superseded_by`;
/** All that tells of an end: gone when it counts no more. */
export const END_TAGS: readonly string[] = [END_TAG, SUPERSEDED_TAG, ...ERROR_TAGS];

/** What a tracker run begins with. Tags that MLflow could not keep are named in `mortise.refused_tags`. `longest`: characters of a text in them. */
export function startTags(id: TrackerRunIdentity, start: TrackerRunStart, openedAt: number, longest = LONGEST_TAG): Record<string, string> {
  const { kept, refused } = fittingTags(start, id.stepId !== undefined, longest);
  const source = start.source === undefined ? {} : sourceTags(start.source, longest);
  return wellFormed({
    ...kept,
    [KEY_TAG]: id.key,
    [OPENED_TAG]: String(openedAt),
    [`${OWN_PREFIX}group`]: tagText(start.group, longest),
    [`${OWN_PREFIX}show`]: `mortise runs show ${id.runId}`,
    ...(id.mapIndex !== undefined && { [`${OWN_PREFIX}map_index`]: String(id.mapIndex) }),
    ...(refused.length > 0 && { [REFUSED_TAGS]: tagText(refused.join('; '), longest) }),
    ...(start.parent?.id !== undefined && { 'mlflow.parentRunId': start.parent.id }),
    ...(start.user !== undefined && { 'mlflow.user': start.user }),
    ...source,
  });
}

function fittingTags(
  { tags, name: runName }: TrackerRunStart,
  isStep: boolean,
  longest: number,
): { kept: Record<string, string>; refused: string[] } {
  const kept: Record<string, string> = {};
  const refused: string[] = [];
  for (const [name, text] of Object.entries(tags)) {
    const why = nameRefusal(name) ?? ownRefusal(name, text, { runName, isStep }) ?? lengthRefusal(text, longest);
    if (why === undefined) kept[name] = text;
    else refused.push(`${shownName(name)} ${why}`);
  }
  return { kept, refused };
}

/** Core's, with which it overrides those that are set; the second ones only for a step. */
const OF_RUN = ['run_id', 'run', 'pipeline'].map((name) => `${OWN_PREFIX}${name}`);
const OF_STEP = ['step', 'attempt'].map((name) => `${OWN_PREFIX}${name}`);

/** Whether a tag that is set is one that Mortise gives: it would forge what we read back, or keep MLflow from creating the run. */
function ownRefusal(name: string, text: string, { runName, isStep }: { runName: string; isStep: boolean }): string | undefined {
  if (name === 'mlflow.runName' && text !== runName) return 'cannot be set: it is the name of the run, which "runName" sets';
  if (!name.startsWith(OWN_PREFIX) || OF_RUN.includes(name) || (isStep && OF_STEP.includes(name))) return undefined;
  return TAKEN;
}

/** MLflow takes no half of a character: it becomes U+FFFD. */
function wellFormed(tags: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(tags).map(([name, text]) => [name, text.toWellFormed()]));
}

/** Why the value of a tag does not fit, in words that follow its name. */
export function lengthRefusal(text: string, longest = LONGEST_TAG): string | undefined {
  return text.length <= longest ? undefined : `has ${text.length} characters, MLflow takes ${longest}`;
}

function sourceTags({ command, file, host, commit, branch, dirty }: TrackerRunSource, longest: number): Record<string, string> {
  // Arguments of the command may be secrets, and stay here.
  const program = file ?? command[0];
  return {
    'mlflow.source.type': 'LOCAL',
    ...(program !== undefined && { 'mlflow.source.name': tagText(program, longest) }),
    ...(commit !== undefined && { 'mlflow.source.git.commit': commit }),
    ...(branch !== undefined && { 'mlflow.source.git.branch': branch }),
    ...(dirty === true && { [`${OWN_PREFIX}git.dirty`]: 'true' }),
    ...(host !== undefined && { [`${OWN_PREFIX}host`]: host }),
  };
}

/** A run's end in MLflow's words. */
export interface RunEnd {
  status: Exclude<RunStatus, 'RUNNING' | 'SCHEDULED'>;
  /** ms UTC. */
  endTime: number;
}

const STATUS: Record<Outcome['status'], RunEnd['status']> = {
  completed: 'FINISHED',
  failed: 'FAILED',
  killed: 'KILLED',
  cached: 'FINISHED',
};

export function runEnd({ status }: Outcome, endedAt: number): RunEnd {
  return { status: STATUS[status], endTime: keptTime(endedAt) };
}

/** MLflow keeps times from 1970 on: what a clock that was wrong says of a run is no reason to be without it. */
export function keptTime(at: number): number {
  return Math.max(0, at);
}

/** Tags that tell how a run ended; the first of them is our mark. `longest`: characters of a text in them. */
export function endTags(end: RunEnd, outcome: Outcome, supersededBy: string | undefined, longest?: number): Record<string, string> {
  return wellFormed({
    [END_TAG]: `${end.status} ${new Date(end.endTime).toISOString()}`,
    ...(supersededBy !== undefined && { [SUPERSEDED_TAG]: supersededBy }),
    ...outcomeTags(outcome, longest),
  });
}

function outcomeTags(outcome: Outcome, longest?: number): Record<string, string> {
  switch (outcome.status) {
    case 'completed':
      return {};
    case 'failed':
      return errorTags(outcome.error, longest);
    case 'killed':
      return errorTags({ name: 'Killed', message: outcome.reason }, longest);
    case 'cached': {
      const { runId, url } = outcome.source;
      return {
        [`${OWN_PREFIX}cached`]: 'true',
        [`${OWN_PREFIX}cached_from`]: runId,
        ...(url !== undefined && { [`${OWN_PREFIX}cached_from_url`]: tagText(url, longest) }),
      };
    }
  }
}

function errorTags(error: { name: string; message: string; stack?: string }, longest?: number): Record<string, string> {
  const texts = [error.name, error.message, error.stack];
  return Object.fromEntries(
    ERROR_TAGS.flatMap((tag, index) => (texts[index] === undefined ? [] : [[tag, tagText(texts[index], longest)]])),
  );
}

/** The end that our mark tells of. */
export function markedEnd(tags: Record<string, string>): RunEnd | undefined {
  const [status, at] = tags[END_TAG]?.split(' ') ?? [];
  return status === undefined || at === undefined ? undefined : { status: status as RunEnd['status'], endTime: Date.parse(at) };
}
