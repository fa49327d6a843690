import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';

import { Transient } from '@mortise/core';

import { RecordingTracker } from '../recording/recording-tracker.ts';
import { opens, runs, type TrackerMutant } from './broken-tracker.ts';
import { SECRET } from './recording-suite.ts';

const TWICE = 'opened twice with one key it is one run';
const TOGETHER = 'runs of one pipeline run belong together, and not to those of another';
const JSON_REF = 'a ref is JSON, and stays so as the run goes on';
const ENVIRONMENT = 'the environment for spawned processes is texts, the same each time';
const newKey = (): string => randomBytes(16).toString('hex');

/** Trackers that do something wrong when they open a run. */
export const openMutants: TrackerMutant[] = [
  {
    does: 'claims what it is not tested for',
    caughtBy: 'claims what it is tested for',
    make: (options) => new RecordingTracker({ ...options, capabilities: { reopen: false } }),
  },
  {
    does: 'makes a new run each time it opens one',
    caughtBy: TWICE,
    make: opens(({ identity }) => ({ identity: { ...identity, key: newKey() } })),
  },
  {
    does: 'finds only the runs that it opened itself, unless it is given a ref',
    caughtBy: TWICE,
    claims: { ids: 'server' },
    make: (options) => {
      const own = new Map<string, string>();
      return opens(({ identity, known }) => {
        if (known !== undefined) return {};
        const key = own.get(identity.key) ?? newKey();
        own.set(identity.key, key);
        return { identity: { ...identity, key } };
      })(options);
    },
  },
  {
    does: 'takes runs of one name for one run',
    caughtBy: 'runs with different keys are different runs',
    make: opens(({ identity, start }, { runs }) => {
      const other = [...runs.values()].find((run) => run.start.name === start.name);
      return { identity: other?.identity ?? identity };
    }),
  },
  {
    does: 'gives an id under which nobody finds the run',
    caughtBy: 'a run is there, and running, from the moment it is opened',
    make: runs((run) => ({ ref: { ...run.ref, id: `${run.ref.id}-1` } })),
  },
  {
    does: 'gives a URL that is none',
    caughtBy: 'a run is there, and running, from the moment it is opened',
    make: runs((run) => ({ ref: { ...run.ref, url: 'runs/1' } })),
  },
  {
    does: 'forgets the tags that a run begins with',
    caughtBy: 'a run is there, and running, from the moment it is opened',
    make: opens(({ start }) => ({ start: { ...start, tags: {} } })),
  },
  {
    does: 'keeps a map in its ref',
    caughtBy: JSON_REF,
    make: runs((run) => ({ ref: { ...run.ref, state: new Map([['offset', 1]]) as never } })),
  },
  {
    does: 'gives a run another id when it is closed',
    caughtBy: JSON_REF,
    make: runs((run) => ({
      close: async (...told) => ({ ...(await run.close(...told)), id: 'closed' }),
    })),
  },
  {
    does: 'keeps its credentials in the ref',
    caughtBy: 'a ref holds no secrets',
    make: runs((run) => ({ ref: { ...run.ref, url: `https://user:${SECRET}@tracker.test/` } })),
  },
  {
    does: 'lets the server choose the id, though it claims to choose it itself',
    caughtBy: 'the key is the id of the run, which all openers at once agree on',
    make: (options) => {
      const tracker = new RecordingTracker({ ...options, capabilities: { ids: 'server' } });
      Object.assign(tracker.capabilities, { ids: 'server' });
      const { open } = tracker;
      tracker.open = async function (...told) {
        this.capabilities.ids = 'server';
        return open.apply(this, told).finally(() => (this.capabilities.ids = 'client'));
      };
      return tracker;
    },
  },
  {
    does: 'chooses the id itself, though it claims that the server does',
    caughtBy: 'the server chooses the id of the run',
    claims: { ids: 'server' },
    make: opens(({ identity, known }) => ({ known: known ?? { id: identity.key, ids: {} } })),
  },
  {
    does: 'forgets the parent',
    caughtBy: TOGETHER,
    make: opens(({ start: { parent: _, ...start } }) => ({ start })),
  },
  {
    does: 'takes the first run for the parent of all',
    caughtBy: TOGETHER,
    make: opens(({ start, identity }, { runs }) => {
      const first = [...runs.values()].find((run) => run.identity.key !== identity.key);
      return { start: { ...start, ...(first && { parent: first.ref }) } };
    }),
  },
  {
    does: 'puts all runs into one group',
    caughtBy: TOGETHER,
    claims: { nesting: 'group' },
    make: opens(({ start }) => ({ start: { ...start, group: start.experiment } })),
  },
  {
    does: 'claims to group by tags, and does not',
    caughtBy: TOGETHER,
    claims: { nesting: 'tags' },
    make: opens(({ start }) => ({ start: { ...start, group: '' } })),
  },
  {
    does: 'cannot open a run whose parent could not be opened',
    caughtBy: 'a run opens whose parent could not be opened',
    make: opens(({ identity, start }) => {
      if (identity.parentKey !== undefined && start.parent === undefined) throw new Transient('there is no parent yet');
      return {};
    }),
  },
  {
    does: 'gives a spawned process something that is no text',
    caughtBy: ENVIRONMENT,
    make: (options) => Object.assign(new RecordingTracker(options), { childEnv: () => ({ RUN_ID: undefined }) }),
  },
  {
    does: 'gives each spawned process another environment',
    caughtBy: ENVIRONMENT,
    make: (options) => Object.assign(new RecordingTracker(options), { childEnv: () => ({ RUN_ID: newKey() }) }),
  },
  {
    does: 'fails its check though all is well',
    caughtBy: 'a tracker that can be reached passes its check',
    make: (options) => Object.assign(new RecordingTracker(options), { check: () => Promise.reject(new Transient('no route')) }),
  },
  {
    does: 'claims to be offline, and calls home',
    caughtBy: 'opens no socket',
    make: opens(async () => {
      const socket = connect({ port: 9, host: '127.0.0.1' }).on('error', () => undefined);
      await new Promise((resolve) => socket.on('close', resolve));
      return {};
    }),
  },
  {
    does: 'begins a run anew when it is opened again',
    caughtBy: 'another process goes on with a run that it knows',
    make: opens(({ identity, known }, { recording }) => {
      if (known !== undefined) recording.runs.get(identity.key)!.events.length = 0;
      return {};
    }),
  },
];
