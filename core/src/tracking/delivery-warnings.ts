import type { Refused, Undelivered } from './run-tracking.ts';

/** What a run says of its trackers at its end. */
export function undeliveredWarning({ component, trackerRuns, reason }: Undelivered): string {
  return `experiment tracker "${component}": ${trackerRuns} tracker ${trackerRuns === 1 ? 'run' : 'runs'} not delivered yet (${reason})`;
}

export function refusedWarning({ component, events, why }: Refused): string {
  return `experiment tracker "${component}" refused ${events} logged ${events === 1 ? 'event' : 'events'} (${why}): see "mortise tracker status"`;
}
