import type { Outcome, TrackerRunIdentity, TrackerRunStart } from '@mortise/core';

/** Name of the config entry in which a run tells what it is part of and how it ended: W&B has no place of its own for that. */
export const STORY = 'mortise';

/** In `config.mortise`. */
export interface RunStory {
  /** Our key; a run of another one is not ours. */
  key: string;
  show: string;
  name: string;
  group: string;
  step?: string;
  map_index?: number;
  attempt?: number;
  parent?: string;
  /** All tags; those of W&B are texts, of at most 64 characters. */
  tags: Record<string, string>;
  datasets?: Record<string, string>[];
  user?: string;
  commit?: string;
  branch?: string;
  dirty?: boolean;
  status: 'running' | Outcome['status'];
  ended_at?: string;
  error?: { name: string; message: string };
  cached_from?: { runId: string; url?: string };
  superseded_by?: string;
}

export function newStory(id: TrackerRunIdentity, start: TrackerRunStart): RunStory {
  const { source = { command: [] }, user } = start;
  return {
    ...{ key: id.key, show: `mortise runs show ${id.runId}`, name: start.name, group: start.group },
    ...(id.stepId !== undefined && { step: id.stepId, attempt: id.attempt }),
    ...(id.mapIndex !== undefined && { map_index: id.mapIndex }),
    ...(id.parentKey !== undefined && { parent: id.parentKey }),
    tags: { ...start.tags },
    ...(user !== undefined && { user }),
    ...(source.commit !== undefined && { commit: source.commit }),
    ...(source.branch !== undefined && { branch: source.branch }),
    ...(source.dirty === true && { dirty: true }),
    status: 'running',
  };
}

/** What the server, or another process, has of it. */
export function storyOf(config: Readonly<Record<string, unknown>>): RunStory | undefined {
  const story = config[STORY];
  if (typeof story !== 'object' || story === null || !('key' in story)) return undefined;
  // What is empty does not come back from everywhere.
  return { tags: {}, ...story } as unknown as RunStory;
}

export function endedStory(story: RunStory, outcome: Outcome, endedAt: number, supersededBy: string | undefined): RunStory {
  return {
    ...story,
    status: outcome.status,
    ended_at: new Date(endedAt).toISOString(),
    ...(outcome.status === 'failed' && { error: { name: outcome.error.name, message: outcome.error.message } }),
    ...(outcome.status === 'killed' && { error: { name: 'Killed', message: outcome.reason } }),
    ...(outcome.status === 'cached' && { cached_from: outcome.source }),
    ...(supersededBy !== undefined && { superseded_by: supersededBy }),
  };
}

/** An end that counts no more is gone. */
export function runningStory({ ended_at: _at, error: _error, cached_from: _from, superseded_by: _by, ...story }: RunStory): RunStory {
  return { ...story, status: 'running' };
}

/** W&B shows 0 as finished and all else as failed; 255 is what its own client gives for a run that was interrupted. */
export function exitCodeOf(status: RunStory['status']): number {
  if (status === 'failed') return 1;
  return status === 'killed' ? 255 : 0;
}

/** What a run that failed says last on its console. */
export function lastWords(outcome: Outcome): string[] {
  if (outcome.status === 'killed') return [`Killed: ${outcome.reason}`];
  if (outcome.status !== 'failed') return [];
  const { name, message, stack } = outcome.error;
  const said = `${name}: ${message}`;
  if (stack === undefined) return said.split('\n');
  return (stack.includes(message) ? stack : `${said}\n${stack}`).split('\n');
}

const LONGEST_TAG = 64;

/** Tags in W&B's way, which knows no names: `team:red`. Those that are too long for it stay in the config alone. */
export function shownTags(tags: Readonly<Record<string, string>>, others: readonly string[] = []): string[] {
  const own = Object.entries(tags)
    .filter(([name]) => !name.startsWith('mortise.'))
    .map(([name, text]) => (text === '' || text === 'true' ? name : `${name}:${text}`));
  return [...new Set([...others, ...own])].filter((tag) => tag !== '' && tag.length <= LONGEST_TAG && !/\p{Cc}/u.test(tag));
}
