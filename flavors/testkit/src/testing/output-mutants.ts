import { takes, takesEach, type TrackerMutant } from './broken-tracker.ts';

const ARRIVES = 'what was printed arrives, each line once and in order, out and err told apart where there are two';
const claims = { output: true };

/** Trackers that claim to keep what runs print, and do something wrong with it. */
export const outputMutants: TrackerMutant[] = [
  {
    does: 'claims to keep output, and drops it',
    caughtBy: ARRIVES,
    claims,
    make: takes((events) => events.filter(({ kind }) => kind !== 'log')),
  },
  {
    does: 'takes what was printed to stderr for that of stdout',
    caughtBy: ARRIVES,
    claims,
    make: takesEach((event) => (event.kind === 'log' ? { ...event, stream: 'out' } : event)),
  },
  {
    does: 'keeps a line that is printed twice once',
    caughtBy: ARRIVES,
    claims,
    make: (options) => {
      const seen = new Set<string>();
      return takes((events) => events.filter((event) => event.kind !== 'log' || (!seen.has(event.text) && seen.add(event.text))))(options);
    },
  },
  {
    does: 'loses what was printed last',
    caughtBy: ARRIVES,
    claims,
    make: takes((events, closing) => (closing ? events.filter(({ kind }) => kind !== 'log') : events)),
  },
  {
    does: 'adds lines that come again to those that are there',
    caughtBy: 'what was printed and is sent again by another process is there once',
    claims,
    make: (options) => {
      let turn = 0;
      return takes((events) => {
        turn++;
        return events.map((event) => (event.kind === 'log' ? { ...event, writer: `${event.writer}-${turn}` } : event));
      })(options);
    },
  },
];
