export const SEVERITIES = ['info', 'warning', 'error'] as const;
export type Severity = (typeof SEVERITIES)[number];

/** Something that people are to know. Texts may be of any length and hold any characters, but no secrets that Mortise knows of. */
export interface Alert {
  title: string;
  text: string;
  severity: Severity;
  /** The run that it is about. */
  runId?: string;
  /** Where more is to be seen: the page of an experiment tracker, if none was given. */
  url?: string;
}

/** Tells people what happened. */
export interface Alerter {
  /**
   * Resolves when the alert has been handed over; throws when it cannot be. Several may be under way at once. Once the signal is aborted nobody waits any
   * more.
   */
  send(alert: Alert, signal: AbortSignal): Promise<void>;
  /** Reachable and authorised? Throws if not. Sends no alert. */
  check?(signal: AbortSignal): Promise<void>;
  [Symbol.asyncDispose]?(): Promise<void>;
}
