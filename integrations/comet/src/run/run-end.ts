import type { Outcome } from '@mortise/core';

import { OWN_PREFIX } from './names.ts';
import { otherText } from './other-text.ts';
import { prefixed } from './run-names.ts';

/** How a run ended, said by us: Comet's status alone may be what another program made of it. */
export const END = `${OWN_PREFIX}end`;

/** The end of a run. */
export interface RunEnd {
  status: Outcome['status'];
  /** ms UTC. */
  endedAt: number;
  /** Of a failure, or why it was killed. */
  error: string | null;
}

export function runEnd(outcome: Outcome, endedAt: number): RunEnd {
  return { status: outcome.status, endedAt, error: errorOf(outcome) };
}

function errorOf(outcome: Outcome): string | null {
  if (outcome.status === 'failed') return `${outcome.error.name}: ${outcome.error.message}`.toWellFormed();
  return outcome.status === 'killed' ? `killed: ${outcome.reason}`.toWellFormed() : null;
}

/** What others tell of an end; our mark is the last of them. */
export function endOthers(outcome: Outcome, end: RunEnd, supersededBy: string | undefined): Record<string, string> {
  return {
    ...prefixed({ superseded_by: supersededBy, error: end.error ?? undefined, ...outcomeFacts(outcome) }),
    [END]: JSON.stringify([end.status, new Date(end.endedAt).toISOString()]),
  };
}

function outcomeFacts(outcome: Outcome): Record<string, string | undefined> {
  if (outcome.status === 'failed') return { 'error.stack': outcome.error.stack };
  if (outcome.status !== 'cached') return {};
  const { runId, url } = outcome.source;
  return { cached: 'true', cached_from: runId, cached_from_url: url };
}

/** The end that our mark tells of; undefined without one. */
export function markedEnd(others: ReadonlyMap<string, string>): RunEnd | undefined {
  const mark = others.get(END);
  if (mark === undefined || mark === '') return undefined;
  const [status, at] = JSON.parse(mark) as [Outcome['status'], string];
  return { status, endedAt: Date.parse(at), error: others.get(`${OWN_PREFIX}error`) || null };
}

/** An end that is marked already counts; its text may have been cut for the mark, and then it is told whole. */
export function sameEnd(marked: RunEnd | undefined, told: RunEnd): RunEnd | undefined {
  if (marked === undefined || marked.error === null || told.error === null) return marked;
  return otherText(told.error) === marked.error ? { ...marked, error: told.error } : marked;
}
