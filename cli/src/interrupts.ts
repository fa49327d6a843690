const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const;

/**
 * Notes that the process was asked to stop. The run itself ends on the signal; outside of a run, where nobody else listens, it ends the process.
 */
export function watchInterrupts(): { readonly signal: NodeJS.Signals | undefined } {
  const seen: { signal: NodeJS.Signals | undefined } = { signal: undefined };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      seen.signal ??= signal;
      if (process.listenerCount(signal) === 1) process.exit(EXIT_CODES[signal]);
    });
  }
  return seen;
}
