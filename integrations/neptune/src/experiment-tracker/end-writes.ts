import type { Outcome } from '@mortise/core';

import type { FieldValue } from '../wire/snapshot.ts';
import { writeSnapshot } from '../wire/write-operations.ts';
import { LONGEST_TEXT } from './field-limits.ts';
import { text } from './field-values.ts';
import type { RunWrites } from './run-memory.ts';
import { ENDED_AT, ERROR, OWN, STATUS, SYS } from './run-paths.ts';

/** What tells how a run ended. Neptune has a place for its failure; the rest are plain fields, as it is with the time of the end. */
export function endWrites(outcome: Outcome, endedAt: number, supersededBy: string | undefined): RunWrites {
  const failed = outcome.status === 'failed' || outcome.status === 'killed';
  const facts = {
    [STATUS]: outcome.status,
    ...factsOf(outcome),
    ...(supersededBy !== undefined && { [`${OWN}superseded_by`]: supersededBy }),
  };
  const assign = new Map<string, FieldValue>(Object.entries(facts).map(([path, fact]) => [path, text(fitting(fact))]));
  assign.set(ENDED_AT, { kind: 'timestamp', value: endedAt });
  // Apart: a server that lets nobody write it refuses nothing else.
  const inSys = new Map<string, FieldValue>([[SYS.failed, { kind: 'bool', value: failed }]]);
  return {
    snapshots: [{ bytes: writeSnapshot({ at: endedAt, assign: inSys }) }, { bytes: writeSnapshot({ at: endedAt, assign }) }],
    refused: [],
    ended: outcome.status,
  };
}

function factsOf(outcome: Outcome): Record<string, string> {
  switch (outcome.status) {
    case 'completed':
      return {};
    case 'failed': {
      const { name, message, stack } = outcome.error;
      return { [`${ERROR}type`]: name, [`${ERROR}message`]: message, ...(stack !== undefined && { [`${ERROR}traceback`]: stack }) };
    }
    case 'killed':
      return { [`${ERROR}type`]: 'Killed', [`${ERROR}message`]: outcome.reason };
    case 'cached': {
      const { runId, url } = outcome.source;
      return { [`${OWN}cached_from`]: runId, ...(url !== undefined && { [`${OWN}cached_from_url`]: url }) };
    }
  }
}

/** A text that is too long ends with a mark that says so. */
function fitting(given: string): string {
  const whole = given.toWellFormed();
  if (Buffer.byteLength(whole) <= LONGEST_TEXT) return whole;
  const mark = ` ... [cut, it had ${whole.length} characters]`;
  return `${whole.slice(0, Math.floor(LONGEST_TEXT / 4)).toWellFormed()}${mark}`;
}
