import type { TrackerEvent } from '@mortise/core';

import { runs, takes, takesEach, type TrackerMutant } from './broken-tracker.ts';

const nameOf = ({ writer, seq }: TrackerEvent): string => `${writer} ${seq}`;

/** Trackers that do something wrong with what comes again. */
export const redeliveryMutants: TrackerMutant[] = [
  {
    does: 'takes events as often as they come',
    caughtBy: 'the same batch again changes nothing',
    make: runs((run, { recording }) => ({
      deliver: async (events, signal) => {
        const before = run.native.events.length;
        const receipt = await run.deliver(events, signal);
        if (run.native.events.length === before) recording.add({ events, of: run.native.identity.key, raw: true });
        return receipt;
      },
    })),
  },
  {
    does: 'knows only whole batches again',
    caughtBy: 'batches that overlap leave each event once',
    make: runs((run, { recording }) => {
      const seen = new Set<string>();
      return {
        deliver: async (events, signal) => {
          const batch = events.map(nameOf).join();
          if (seen.has(batch)) return run.deliver(events, signal);
          seen.add(batch);
          recording.add({ events, of: run.native.identity.key, raw: true });
          return { through: Object.fromEntries(events.map(({ writer, seq }) => [writer, seq])), ref: run.ref };
        },
      };
    }),
  },
  {
    does: 'takes points of equal values for one',
    caughtBy: 'points of equal values are points of their own',
    make: takes((events) => {
      const seen = new Set<string>();
      return events.filter((event) => {
        const text = event.kind === 'metrics' ? JSON.stringify(event.values) : nameOf(event);
        return !seen.has(text) && seen.add(text);
      });
    }),
  },
  {
    does: 'knows events again only in the process that sent them',
    caughtBy: 'another process, which knows nothing, sends everything again: each event is there once',
    make: runs((run, { recording }) => {
      const seen = new Set<string>();
      return {
        deliver: async (events, signal) => {
          signal.throwIfAborted();
          const fresh = events.filter((event) => !seen.has(nameOf(event)) && seen.add(nameOf(event)));
          recording.add({ events: fresh, of: run.native.identity.key, raw: true });
          return { through: Object.fromEntries(events.map(({ writer, seq }) => [writer, seq])), ref: run.ref };
        },
      };
    }),
  },
  {
    does: 'counts the events of all writers as one',
    caughtBy: 'of several writers each has its own place',
    make: takesEach((event) => ({ ...event, writer: 'all' })),
  },
  {
    does: 'keeps no offset in its ref, though it claims to',
    caughtBy: 'the ref of a receipt says how far it came',
    claims: { redelivery: 'offset' },
    make: runs((run) => {
      const { ref } = run;
      return { ref, deliver: async (...told) => ({ ...(await run.deliver(...told)), ref }) };
    }),
  },
  {
    does: 'forgets its offset in another process',
    caughtBy: 'another process, which knows the last ref, sends everything again: each event is there once',
    claims: { redelivery: 'offset' },
    make: (options) => {
      const tracker = runs(() => ({}))(options);
      const open = tracker.open.bind(tracker);
      tracker.open = (identity, start, _known, signal) => open(identity, start, undefined, signal);
      return tracker;
    },
  },
];
