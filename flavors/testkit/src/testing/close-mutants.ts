import { Permanent, Transient, type Outcome } from '@mortise/core';

import { RecordingTracker } from '../recording/recording-tracker.ts';
import { opens, runs, type TrackerMutant } from './broken-tracker.ts';

const FAILED = 'a run that failed says so by its status and message';
const TWICE = 'the second close wins nothing, in this process or in another';
const DOWN = 'a tracker that cannot be reached fails with Transient, and goes on afterwards where it was';
const DENIED = 'a tracker that does not let us in fails with Permanent, and goes on afterwards where it was';
const ABORTED = 'a signal that was aborted ends a call, and nothing is lost or doubled by it';

/** A recording tracker that closes its runs with another outcome than it was told. */
const closesWith = (change: (outcome: Outcome) => Outcome): TrackerMutant['make'] =>
  runs((run) => ({ close: (outcome, ...told) => run.close(change(outcome), ...told) }));

/** A recording tracker whose calls fail with other errors. */
const failsWith =
  (change: (error: Error) => Error): TrackerMutant['make'] =>
  (options) => {
    const tracker = new RecordingTracker(options);
    const call = tracker.call.bind(tracker);
    tracker.call = (...told) =>
      call(...told).catch((error: Error) => {
        throw change(error);
      });
    return tracker;
  };

/** Trackers that do something wrong when they close a run, or when something fails. */
export const closeMutants: TrackerMutant[] = [
  {
    does: 'says that a failed run completed',
    caughtBy: FAILED,
    make: closesWith((outcome) => (outcome.status === 'failed' ? { status: 'completed' } : outcome)),
  },
  {
    does: 'does not say why a run failed',
    caughtBy: FAILED,
    make: closesWith((outcome) => (outcome.status === 'failed' ? { ...outcome, error: { name: 'Error', message: '' } } : outcome)),
  },
  {
    does: 'keeps of an error only what is ASCII',
    caughtBy: FAILED,
    make: closesWith((outcome) =>
      outcome.status === 'failed'
        ? { ...outcome, error: { ...outcome.error, message: outcome.error.message.replace(/[^ -~]/g, '?') } }
        : outcome,
    ),
  },
  {
    does: 'says that a killed run completed',
    caughtBy: 'a run that was killed neither completed nor runs on',
    make: closesWith((outcome) => (outcome.status === 'killed' ? { status: 'completed' } : outcome)),
  },
  {
    does: 'does not say why a run was killed',
    caughtBy: 'a run that was killed neither completed nor runs on',
    make: closesWith((outcome) => (outcome.status === 'killed' ? { ...outcome, reason: 'killed' } : outcome)),
  },
  {
    does: 'takes a cache hit for a run of its own',
    caughtBy: 'a run that marks a cache hit leads to the run that its outputs are from',
    make: closesWith((outcome) => (outcome.status === 'cached' ? { status: 'completed' } : outcome)),
  },
  {
    does: 'forgets by which run a run is replaced',
    caughtBy: 'a run that is replaced leads to the one that replaces it',
    make: runs((run) => ({ close: (outcome, endedAt, signal) => run.close(outcome, endedAt, signal) })),
  },
  {
    does: 'ends a run when it is told so, and not when it ended',
    caughtBy: 'a run ended when it is said to have ended, which may be long ago',
    make: runs((run) => ({ close: (outcome, _endedAt, ...told) => run.close(outcome, Date.now(), ...told) })),
  },
  {
    does: 'does not close a run in which nothing was logged',
    caughtBy: 'a run that completed says so, also when nothing was logged in it',
    make: runs((run) => ({ close: async (...told) => (run.native.events.length === 0 ? run.ref : run.close(...told)) })),
  },
  {
    does: 'lets the last close win',
    caughtBy: TWICE,
    make: runs((run) => ({
      close: (...told) => {
        run.native.status = 'running';
        return run.close(...told);
      },
    })),
  },
  {
    does: 'fails to close a run a second time',
    caughtBy: TWICE,
    make: runs((run) => ({
      close: async (...told) => {
        if (run.native.status !== 'running') throw new Permanent('the run has ended');
        return run.close(...told);
      },
    })),
  },
  {
    does: 'takes up a run that was closed as one that goes on',
    caughtBy: TWICE,
    make: opens(({ identity }, { recording }) => {
      const run = recording.runs.get(identity.key);
      if (run !== undefined) run.status = 'running';
      return {};
    }),
  },
  {
    does: 'cannot open a run that was closed',
    caughtBy: 'a run that was closed may be opened, sent what it has, and closed again, as after a crash: nothing changes',
    make: opens(({ identity }, { recording }) => {
      if ((recording.runs.get(identity.key)?.status ?? 'running') !== 'running') throw new Permanent('the run has ended');
      return {};
    }),
  },
  {
    does: 'takes nothing more after the close, though it claims to',
    caughtBy: 'a closed run takes writes again, and keeps its end',
    make: runs((run) => ({
      deliver: async (events, signal) => {
        if (run.native.status === 'running') return run.deliver(events, signal);
        return { through: Object.fromEntries(events.map(({ writer, seq }) => [writer, seq])), ref: run.ref };
      },
    })),
  },
  {
    does: 'lets errors of the connection through as they are',
    caughtBy: DOWN,
    make: failsWith((error) => (error.name === 'AbortError' ? error : new TypeError('fetch failed', { cause: error }))),
  },
  {
    does: 'gives up for good when it cannot be reached',
    caughtBy: DOWN,
    make: failsWith((error) => new Permanent(error.message)),
  },
  {
    does: 'tries again for ever when it is not let in',
    caughtBy: DENIED,
    make: failsWith((error) => new Transient(error.message)),
  },
  {
    does: 'takes what could not be sent for sent',
    caughtBy: DOWN,
    make: runs((run) => {
      const seen = new Set<number>();
      return {
        deliver: async (events, signal) => {
          const fresh = events.filter(({ seq }) => !seen.has(seq) && seen.add(seq));
          const receipt = await run.deliver(fresh, signal);
          return { ...receipt, through: Object.fromEntries(events.map(({ writer, seq }) => [writer, seq])) };
        },
      };
    }),
  },
  {
    does: 'takes a close that failed for one that was heard',
    caughtBy: DOWN,
    make: runs((run) => {
      let closed = false;
      return {
        close: async (...told) => {
          if (closed) return run.ref;
          closed = true;
          return run.close(...told);
        },
      };
    }),
  },
  {
    does: 'does not look at the signal',
    caughtBy: ABORTED,
    make: (options) => {
      const tracker = new RecordingTracker(options);
      const call = tracker.call.bind(tracker);
      tracker.call = (failing, what, delayMs) => call(failing, what, delayMs, new AbortController().signal);
      return tracker;
    },
  },
  {
    does: 'takes a call that was ended for one refused for good',
    caughtBy: ABORTED,
    make: failsWith((error) => new Permanent(error.message)),
  },
  {
    does: 'looks at the signal only before the call',
    caughtBy: 'a signal ends a call that gets no answer',
    make: (options) => {
      const tracker = new RecordingTracker(options);
      const call = tracker.call.bind(tracker);
      tracker.call = (failing, what, delayMs, signal) => {
        signal.throwIfAborted();
        return call(failing, what, delayMs, new AbortController().signal);
      };
      return tracker;
    },
  },
  {
    does: 'closes the run when a close is ended by the signal',
    caughtBy: ABORTED,
    make: runs((run, { recording }) => ({
      close: async (outcome, endedAt, signal, ...told) => {
        const { key } = run.native.identity;
        if (signal.aborted) recording.add({ closed: outcome, endedAt, of: key });
        return run.close(outcome, endedAt, signal, ...told);
      },
    })),
  },
];
