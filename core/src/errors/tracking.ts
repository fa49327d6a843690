import { define } from './define-error.ts';
import { MortiseError } from './mortise-error.ts';

export const TrackerUnavailable = define('TRACKER_UNAVAILABLE', (p: { tracker: string; reason: string }) => [
  `the experiment tracker "${p.tracker}" is not available: ${p.reason}`,
  'Check that it can be reached and is configured right; what was logged is kept and delivered later. A step goes on without it if onTrackerError is "warn" and it calls neither env() nor native().',
]);
/** An answer of a tracker that is not what the contract says. */
export const TrackerBroken = define('TRACKER_BROKEN', (p: { flavor: string; reason: string }) => [
  `the experiment tracker flavor "${p.flavor}" does not do what a tracker is to do: ${p.reason}`,
  'Mend or update the package it comes from.',
]);
/** `advice`: what to do about the reason; without, it may pass by itself. */
export const NotDelivered = define(
  'NOT_DELIVERED',
  (p: { left: { component: string; trackerRuns: number; reason: string; advice?: string | null }[] }) => {
    const advice = [...new Set(p.left.flatMap(({ advice: own }) => own ?? []))];
    const then = p.left.some(({ advice: own }) => !own) ? 'deliver them when the tracker can be reached' : 'deliver them again';
    return [
      p.left
        .map(
          ({ component, trackerRuns: n, reason }) => `${n} tracker ${n === 1 ? 'run' : 'runs'} of "${component}" not delivered (${reason})`,
        )
        .join('; '),
      `They are kept, with all that was logged${advice.length === 0 ? `: ${then}` : `. ${advice.join(' ')} Then ${then}`}.`,
    ];
  },
);
export const BadLogValue = define('BAD_LOG_VALUE', (p: { call: string; reason: string }) => [`${p.call}: ${p.reason}`]);
export const EventLogFailed = define('EVENT_LOG_FAILED', (p: { path: string; reason: string }) => [
  `cannot write the event log ${p.path}: ${p.reason}`,
  'Check free space and permissions.',
]);
export const NotInRun = define('NOT_IN_RUN', (p: { call: string }) => [
  `${p.call} was called outside a run`,
  'Call it in the code of a step.',
]);
/** `trackers`: those that the step has. */
export const NotTracked = define('NOT_TRACKED', (p: { step: string; what: string; trackers: { component: string; flavor: string }[] }) => [
  `step "${p.step}" has no tracker run with ${p.what}`,
  p.trackers.length === 0
    ? 'Set { experimentTracker: true } on the step.'
    : `It has: ${p.trackers.map(({ component, flavor }) => `"${component}" (flavor "${flavor}")`).join(', ')}.`,
]);

/** `from`: what was to be read, a folder, file or address. `imported`: runs that are here all the same, when it broke off after them. */
export const ImportFailed = define('IMPORT_FAILED', (p: { from: string; reason: string; advice?: string; imported?: number }) => {
  const runs = typeof p.imported === 'number' && p.imported > 0 ? `${p.imported} ${p.imported === 1 ? 'run was' : 'runs were'}` : undefined;
  const what = `${runs ?? 'nothing was'} imported from ${p.from}${runs === undefined ? '' : ', and no more'}: ${p.reason}`;
  return p.advice === undefined ? [what] : [what, p.advice];
});

/** Some runs were imported, these were not. */
export const ImportIncomplete = define('IMPORT_INCOMPLETE', (p: { from: string; failed: { name: string; reason: string }[] }) => [
  `${p.failed.length} ${p.failed.length === 1 ? 'run' : 'runs'} not imported from ${p.from}: ${p.failed
    .slice(0, 5)
    .map(({ name, reason }) => `"${name}" (${reason})`)
    .join('; ')}${p.failed.length > 5 ? '; ...' : ''}`,
  'The others are here. Import again when that is mended: what is here stays as it is.',
]);
export const LogCollected = define('LOG_COLLECTED', (p: { run: string; step: string }) => [
  `run "${p.run}" cannot be delivered: what its step "${p.step}" logged is no longer in its event log, which garbage collection removed after everybody had read it`,
  'Deliver to another tracker before "mortise gc".',
]);

/** Thrown by trackers and stores for a failure that may pass: the same call is made again later. `retryAfter` in ms. */
export class Transient extends MortiseError {
  static readonly code = 'TRANSIENT';
  readonly retryAfter: number | undefined;
  constructor(message: string, options?: { cause?: unknown; retryAfter?: number }) {
    super('TRANSIENT', message, undefined, options);
    this.retryAfter = options?.retryAfter;
  }
}

/** Thrown by trackers and stores for a failure that will not pass by trying again. */
export class Permanent extends MortiseError {
  static readonly code = 'PERMANENT';
  constructor(message: string, options?: { cause?: unknown }) {
    super('PERMANENT', message, undefined, options);
  }
}
