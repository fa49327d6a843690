import { Permanent, type TrackerEvent, type TrackerRun } from '@mortise/core';

import { runs, takes, takesEach, type TrackerMutant } from './broken-tracker.ts';

const SAID_LAST = 'what was said last counts';
const REFUSED = 'something refused for good is set aside alone, with a reason';
const LAST_OF_EACH = 'a receipt confirms the last event of each writer';
const ARRIVES = 'params, tags and points are at the tracker once they are confirmed';

const valuesOf =
  (change: (value: number) => number) =>
  (event: TrackerEvent): TrackerEvent =>
    event.kind === 'metrics' ? { ...event, values: mapped(event.values, change) } : event;

const stepsOf =
  (change: (step: number) => number) =>
  (event: TrackerEvent): TrackerEvent =>
    event.kind === 'metrics' ? { ...event, step: change(event.step) } : event;

const namesOf =
  (change: (name: string) => string) =>
  (event: TrackerEvent): TrackerEvent =>
    event.kind === 'metrics'
      ? { ...event, values: Object.fromEntries(Object.entries(event.values).map(([name, value]) => [change(name), value])) }
      : event;

function mapped<T, U>(values: Record<string, T>, change: (value: T) => U): Record<string, U> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, change(value)]));
}

/** Trackers that do something wrong with what they are sent. */
export const deliverMutants: TrackerMutant[] = [
  {
    does: 'confirms what it has not sent yet, and loses it',
    caughtBy: ARRIVES,
    make: takes(() => []),
  },
  {
    does: 'keeps params as what JavaScript makes of them',
    caughtBy: ARRIVES,
    make: takesEach((event) =>
      event.kind === 'params' ? { ...event, values: mapped(event.values, (value) => `${value as string}`) } : event,
    ),
  },
  {
    does: 'takes one value of a point that has several',
    caughtBy: ARRIVES,
    make: takesEach((event) =>
      event.kind === 'metrics' ? { ...event, values: Object.fromEntries(Object.entries(event.values).slice(0, 1)) } : event,
    ),
  },
  {
    does: 'loses the end of a large batch',
    caughtBy: 'a batch of 1000 events arrives whole',
    make: takes((events) => events.slice(0, 500)),
  },
  {
    does: 'takes fewer events at once than it claims',
    caughtBy: 'a batch of 50 events arrives whole',
    claims: { limits: { batch: 50 } },
    make: takes((events) => events.slice(0, 20)),
  },
  {
    does: 'sends only every third batch',
    caughtBy: 'many small batches arrive in their order',
    make: (options) => {
      let turn = 0;
      return takes((events) => (turn++ % 3 === 0 ? events : []))(options);
    },
  },
  {
    does: 'confirms more than it was sent',
    caughtBy: LAST_OF_EACH,
    make: runs((run) => ({
      deliver: async (...told) => {
        const receipt = await run.deliver(...told);
        return { ...receipt, through: mapped(receipt.through, (seq) => seq + 1) };
      },
    })),
  },
  {
    does: 'confirms all writers up to the highest number of any',
    caughtBy: LAST_OF_EACH,
    make: runs((run) => ({
      deliver: async (...told) => {
        const receipt = await run.deliver(...told);
        const highest = Math.max(...Object.values(receipt.through));
        return { ...receipt, through: mapped(receipt.through, () => highest) };
      },
    })),
  },
  {
    does: 'confirms nothing',
    caughtBy: LAST_OF_EACH,
    make: runs((run) => ({ deliver: async (...told) => ({ ...(await run.deliver(...told)), through: {} }) })),
  },
  {
    does: 'removes no tag',
    caughtBy: SAID_LAST,
    make: takesEach((event) => (event.kind === 'tags' ? { ...event, remove: [] } : event)),
  },
  {
    does: 'sends the events of a batch in any order',
    caughtBy: SAID_LAST,
    make: takes((events) => events.toReversed()),
  },
  {
    does: 'logs into the run that was opened last',
    caughtBy: 'nothing of one run gets into another, however they take turns',
    make: (options) => {
      let last: TrackerRun | undefined;
      return runs((run) => {
        last = run;
        return { deliver: (...told) => last!.deliver(...told) };
      })(options);
    },
  },
  {
    does: 'takes NaN for 0',
    caughtBy: 'NaN and the infinities arrive, or are refused with a reason',
    make: takesEach(valuesOf((value) => (Number.isNaN(value) ? 0 : value))),
  },
  {
    does: 'leaves infinities out without a word',
    caughtBy: 'NaN and the infinities arrive, or are refused with a reason',
    make: takes((events) =>
      events.filter((event) => event.kind !== 'metrics' || Object.values(event.values).every((value) => Math.abs(value) !== Infinity)),
    ),
  },
  {
    does: 'keeps numbers in 32 bits',
    caughtBy: 'the numbers of points are not rounded',
    make: takesEach(valuesOf(Math.fround)),
  },
  {
    does: 'changes letters that it does not know',
    caughtBy: 'names beyond ASCII arrive as they are, or are refused with a reason',
    make: takesEach(namesOf((name) => name.replace(/[^\w./ -]/gu, '_'))),
  },
  {
    does: 'escapes texts',
    caughtBy: 'texts beyond ASCII, and of several lines, arrive as they are',
    make: takesEach((event) => (event.kind === 'note' ? { ...event, markdown: event.markdown.replaceAll('<', '&lt;') } : event)),
  },
  {
    does: 'cuts long values',
    caughtBy: 'names of 200 characters and param values of 5000 arrive whole',
    make: takesEach((event) =>
      event.kind === 'params'
        ? { ...event, values: mapped(event.values, (value) => (typeof value === 'string' ? value.slice(0, 500) : value)) }
        : event,
    ),
  },
  {
    does: 'takes shorter names than it claims',
    caughtBy: 'names of 60 characters and param values of 5000 arrive whole',
    claims: { limits: { keyLength: 60 } },
    make: takesEach(namesOf((name) => name.slice(0, 50))),
  },
  {
    does: 'confirms datasets, and loses them',
    caughtBy: 'notes, documents, datasets and definitions of metrics are taken, and are there where there is a place for them',
    make: takes((events) => events.filter(({ kind }) => kind !== 'dataset')),
  },
  {
    does: 'adds note to note',
    caughtBy: 'notes, documents, datasets and definitions of metrics are taken, and are there where there is a place for them',
    make: (options) => {
      let all = '';
      return takesEach((event) => (event.kind === 'note' ? { ...event, markdown: (all += event.markdown) } : event))(options);
    },
  },
  {
    does: 'loses what comes right before the close',
    caughtBy: 'what comes right before the close arrives with it',
    make: takes((events, closing) => (closing ? [] : events)),
  },
  {
    does: 'sets aside the whole batch of something refused',
    caughtBy: REFUSED,
    make: runs((run) => ({
      deliver: async (events, signal) => {
        const bad = events.find((event) => event.kind === 'note' && event.markdown === 'too much');
        if (bad === undefined) return run.deliver(events, signal);
        return {
          through: Object.fromEntries(events.map(({ writer, seq }) => [writer, seq])),
          rejected: events.map(({ writer, seq }) => ({ writer, seq, why: 'one is too long' })),
          ref: run.ref,
        };
      },
    })),
  },
  {
    does: 'says nothing of what it refuses',
    caughtBy: REFUSED,
    make: runs((run) => ({
      deliver: async (...told) => {
        const { through, ref } = await run.deliver(...told);
        return { through, ref };
      },
    })),
  },
  {
    does: 'does not say why it refuses something',
    caughtBy: REFUSED,
    make: (options) => {
      const { reject } = options;
      return runs((run) => ({
        deliver: async (...told) => {
          const receipt = await run.deliver(...told);
          return { ...receipt, ...(receipt.rejected && { rejected: receipt.rejected.map((one) => ({ ...one, why: '' })) }) };
        },
      }))({ ...options, ...(reject && { reject }) });
    },
  },
  {
    does: 'refuses everything after it refused something',
    caughtBy: REFUSED,
    make: (options) => {
      let refused = false;
      return runs((run) => ({
        deliver: async (events, signal) => {
          if (refused || events.some((event) => event.kind === 'note' && event.markdown === 'too much')) {
            refused = true;
            throw new Permanent('bad request');
          }
          return run.deliver(events, signal);
        },
      }))(options);
    },
  },
  {
    does: 'keeps steps in 32 bits',
    caughtBy: 'steps beyond 32 bits arrive as they are',
    make: takesEach(stepsOf((step) => (Number.isInteger(step) ? step | 0 : step))),
  },
  {
    does: 'rounds steps, though it claims to take decimals',
    caughtBy: 'steps with decimals arrive as they are',
    make: takesEach(stepsOf(Math.round)),
  },
  {
    does: 'leaves out steps that go back, though it claims to take them',
    caughtBy: 'steps may go back',
    make: takes((events) => {
      let last = -Infinity;
      return events.filter((event) => event.kind !== 'metrics' || (event.step >= last && ((last = event.step), true)));
    }),
  },
  {
    does: 'forgets the context, though it claims to know it',
    caughtBy: 'a metric in a context is another one than without it',
    make: takesEach((event) => {
      if (event.kind !== 'metrics') return event;
      const { context: _, ...rest } = event;
      return rest;
    }),
  },
  {
    does: 'takes the last part of a name for all of it',
    caughtBy: 'a metric whose context is part of its name is another one than without it',
    claims: { metricContext: 'prefix' },
    make: takesEach(namesOf((name) => name.split('/').at(-1)!)),
  },
  {
    does: 'keeps no sha256 of an artifact',
    caughtBy: 'an artifact is there, by reference',
    make: takesEach((event) => (event.kind === 'artifact' ? { ...event, sha256: '' } : event)),
  },
  {
    does: 'has no artifacts, though it claims to',
    caughtBy: 'an artifact is there, by reference',
    make: takes((events) => events.filter(({ kind }) => kind !== 'artifact')),
  },
];
