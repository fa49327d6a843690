/** Tells people what happened. */
export interface Alerter {
  send(
    alert: { title: string; text: string; severity: 'info' | 'warning' | 'error'; runId?: string; url?: string },
    signal: AbortSignal,
  ): Promise<void>;
  [Symbol.asyncDispose]?(): Promise<void>;
}
