import type { Alert, Alerter } from '@mortise/core';

/** What is tested: a kind of alerter. */
export interface AlerterSuite {
  name: string;
  /** Called for each test. It may give the same place each time. */
  backend(): Promise<AlerterBackend>;
  /** What of an alert it has no place for, so that it is not looked for. Default: nothing. */
  lacks?: readonly ('severity' | 'runId' | 'url')[];
  /** How many characters of a text arrive at least; of longer ones the beginning does. Default: all. */
  textLength?: number;
  /** What its backends can be made to do. Default: nothing. */
  faults?: readonly AlerterFault[];
  /** Texts that no error may hold, and nothing that arrives. */
  secrets?: readonly string[];
}

/** `down`: cannot be reached. `denied`: takes no credentials. `hang`: never answers. */
export type AlerterFault = 'down' | 'denied' | 'hang';

/** A place where alerts arrive: a channel, a mailbox. */
export interface AlerterBackend {
  /** An instance of the alerter, as a run of its own would make it. */
  create(): Promise<Alerter>;
  /** What has arrived in the test, asked for past the alerter under test, in the order of arrival. */
  received(): Promise<ReceivedAlert[]>;
  /** Everything fails in this way until the function that it gives is called. */
  fail?(fault: AlerterFault): Promise<() => Promise<void>>;
  /** The test is over. */
  remove?(): Promise<void> | void;
}

/** An alert as a person sees it. */
export interface ReceivedAlert extends Partial<Pick<Alert, 'severity' | 'runId' | 'url'>> {
  /** All its words: the title's too. White space and control characters need not be what they were. */
  text: string;
}
