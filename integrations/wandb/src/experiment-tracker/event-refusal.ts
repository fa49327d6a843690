import type { TrackerEvent } from '@mortise/core';

import { OWN_STEP } from './gather-rows.ts';
import { STORY } from './run-story.ts';
import { MARK } from './delivered.ts';

const TAKEN_METRICS: readonly string[] = ['_step', '_runtime', '_timestamp', '_wandb', MARK, OWN_STEP];
const TAKEN_PARAMS: readonly string[] = ['_wandb', STORY];

/** Why parts of an event cannot be taken; undefined if all can. */
export function eventRefusal(event: TrackerEvent): string | undefined {
  switch (event.kind) {
    case 'metrics':
      return takenNames('metric', Object.keys(event.values), TAKEN_METRICS);
    case 'params':
      return takenNames('param', Object.keys(event.values), TAKEN_PARAMS);
    case 'artifact':
    case 'json':
      return pathRefusal(event.kind === 'artifact' ? event.path : event.name);
    default:
      return undefined;
  }
}

/** The event without what cannot be taken. */
export function withoutTaken(event: TrackerEvent): TrackerEvent {
  if (event.kind === 'metrics') return { ...event, values: without(event.values, TAKEN_METRICS) };
  return event.kind === 'params' ? { ...event, values: without(event.values, TAKEN_PARAMS) } : event;
}

function takenNames(what: string, names: readonly string[], taken: readonly string[]): string | undefined {
  const refused = names.filter((name) => taken.includes(name));
  return refused.length === 0
    ? undefined
    : refused.map((name) => `the ${what} "${name}" has a name that W&B or Mortise uses itself`).join('; ');
}

function without<T>(values: Readonly<Record<string, T>>, names: readonly string[]): Record<string, T> {
  return Object.fromEntries(Object.entries(values).filter(([name]) => !names.includes(name)));
}

function pathRefusal(path: string): string | undefined {
  const isPath = path.split('/').every((part) => !['', '.', '..'].includes(part)) && !/[\\\p{Cc}]/u.test(path);
  return isPath ? undefined : `"${path}" is no path of a file: it takes names with "/" between them`;
}
