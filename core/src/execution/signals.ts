import { monotonicMs } from './monotonic-ms.ts';

type Ender = (signal: NodeJS.Signals) => void;

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;
const enders = new Set<Ender>();
let received: NodeJS.Signals | undefined;
let receivedAt = 0;

/**
 * `timeout` signals a process and then the group that it is in, and other starters answer what a terminal has sent to all with a SIGTERM: what comes so
 * soon after is the same request, whichever signal it is, ms.
 */
const SAME_MS = 200;

/**
 * Calls `end` once when the process is asked to stop (SIGINT, SIGTERM) while a run is open. A second signal exits at once (130, 143), unless it comes so soon that it asks for the same.
 * When the last run has ended, `release` lets the signal do what it would have done, unless the program listens for it itself.
 */
export function onStopSignal(end: Ender): { release(): void } {
  if (enders.size === 0) for (const signal of SIGNALS) process.on(signal, listen);
  enders.add(end);
  const earlier = received;
  if (earlier !== undefined) queueMicrotask(() => end(earlier));
  return {
    release() {
      if (!enders.delete(end) || enders.size > 0) return;
      for (const signal of SIGNALS) process.off(signal, listen);
      const signal = received;
      received = undefined;
      if (signal !== undefined && process.listenerCount(signal) === 0) process.kill(process.pid, signal);
    },
  };
}

function listen(signal: NodeJS.Signals): void {
  if (received !== undefined && monotonicMs() - receivedAt < SAME_MS) return;
  if (received !== undefined) process.exit(signal === 'SIGINT' ? 130 : 143);
  received = signal;
  receivedAt = monotonicMs();
  for (const end of enders) end(signal);
}
