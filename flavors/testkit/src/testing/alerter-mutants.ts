import { setTimeout as delay } from 'node:timers/promises';

import { Transient, type Alert } from '@mortise/core';

import { MemoryAlerter, SECRET, type AlerterWorld, type MakeAlerter } from './memory-alerter.ts';

/** An alerter that breaks one clause. */
export interface AlerterMutant {
  /** What it does wrong. */
  does: string;
  /** The test that must catch it. */
  caughtBy: string;
  make: MakeAlerter;
}

const SEVERITY = 'an alert of each severity arrives, with its title and its text';
const RUN = 'the run and the URL of an alert arrive, and none where none is given';
const ABORTED = 'a signal that was aborted ends a call: nothing arrives, and the next alert does';
const CHECK = 'an alerter that can be reached passes its check, which sends nothing';
const DOWN = 'where it cannot be reached, an alert fails in time, and one that is sent afterwards arrives';
const DENIED = 'where it does not let us in, an alert fails in time, and one that is sent afterwards arrives';
const HANG = 'a signal ends a call that gets no answer';
const DISPOSED = 'an alerter lets go when it is disposed of, and of nothing that others use';
const never = (): AbortSignal => new AbortController().signal;

/** A memory alerter that does some things in another way. */
function does(change: (whole: MemoryAlerter, world: AlerterWorld) => Partial<MemoryAlerter>): MakeAlerter {
  return (world) => {
    const whole = new MemoryAlerter(world);
    return Object.assign(new MemoryAlerter(world), change(whole, world));
  };
}

/** One with which another alert arrives than the one that was sent. */
const arrives = (change: (alert: Alert) => Alert): MakeAlerter =>
  does((whole) => ({ send: (alert, signal) => whole.send(change(alert), signal) }));

/** One through which such a text arrives changed. */
const text = (change: (text: string) => string): MakeAlerter => arrives((alert) => ({ ...alert, text: change(alert.text) }));

export const alerterMutants: AlerterMutant[] = [
  { does: 'takes all alerts for information', caughtBy: SEVERITY, make: arrives((alert) => ({ ...alert, severity: 'info' })) },
  { does: 'sends no titles', caughtBy: SEVERITY, make: arrives((alert) => ({ ...alert, title: '' })) },
  { does: 'sends no texts', caughtBy: SEVERITY, make: text(() => '') },
  {
    does: 'sends no information',
    caughtBy: SEVERITY,
    make: does((whole) => ({ send: async (alert, signal) => (alert.severity === 'info' ? undefined : whole.send(alert, signal)) })),
  },
  {
    does: 'is done before the alert has arrived',
    caughtBy: 'an alert has arrived when it has been sent',
    make: does((whole) => ({ send: async (alert, signal) => void delay(20).then(() => whole.send(alert, signal)) })),
  },
  {
    does: 'writes a word into the alert that it was given',
    caughtBy: SEVERITY,
    make: arrives((alert) => Object.assign(alert, { text: 'x' })),
  },
  { does: 'loses the run', caughtBy: RUN, make: arrives(({ runId: _, ...alert }) => alert) },
  {
    does: 'loses the query of a URL',
    caughtBy: RUN,
    make: arrives((alert) => ({ ...alert, ...(alert.url && { url: alert.url.split('?')[0]! }) })),
  },
  { does: 'makes up a URL', caughtBy: RUN, make: arrives((alert) => ({ url: 'https://tracker.test/', ...alert })) },
  { does: 'cuts long texts', caughtBy: 'a long text arrives', make: text((whole) => whole.slice(0, 4_000)) },
  {
    does: 'knows only ASCII',
    caughtBy: 'texts of other scripts and emoji arrive',
    make: text((whole) => Buffer.from(whole, 'ascii').toString('ascii')),
  },
  {
    does: 'escapes markup',
    caughtBy: 'texts with quotes, markup and what templates use arrive',
    make: text((whole) => whole.replaceAll('<', '&lt;')),
  },
  { does: 'sends the first line', caughtBy: 'texts of several lines arrive', make: text((whole) => whole.split(/\r?\n/)[0]!) },
  { does: 'ends at a NUL', caughtBy: 'texts with control characters arrive', make: text((whole) => whole.split('\u0000')[0]!) },
  {
    does: 'refuses half a character',
    caughtBy: 'texts with half a character arrive',
    make: text((whole) => decodeURIComponent(encodeURIComponent(whole))),
  },
  {
    does: 'reads JSON out of a text',
    caughtBy: 'texts that are JSON arrive',
    make: text((whole) => (whole.startsWith('{') ? (JSON.parse(whole) as { title: string }).title : whole)),
  },
  {
    does: 'sends nothing that has no text',
    caughtBy: 'an alert without a text arrives',
    make: does((whole) => ({ send: async (alert, signal) => (alert.text === '' ? undefined : whole.send(alert, signal)) })),
  },
  {
    does: 'mixes up alerts that are sent at once',
    caughtBy: 'alerts that are sent at once arrive, each once',
    make: does((whole) => {
      let title = '';
      return {
        send: async (alert, signal) => {
          ({ title } = alert);
          await delay(1);
          await whole.send({ ...alert, title }, signal);
        },
      };
    }),
  },
  {
    does: 'sends an alert twice when others are under way',
    caughtBy: 'alerts that are sent at once arrive, each once',
    make: does((whole) => {
      let under = 0;
      return {
        send: async (alert, signal) => {
          under++;
          await whole.send(alert, signal);
          if (under-- === 5) await whole.send(alert, signal);
        },
      };
    }),
  },
  {
    does: 'takes the same alert for one',
    caughtBy: 'the same alert twice is two alerts',
    make: does((whole, { received }) => ({
      send: async (alert, signal) => {
        if (!received.some(({ text: seen }) => seen === `${alert.title}\n${alert.text}`)) await whole.send(alert, signal);
      },
    })),
  },
  {
    does: 'never finishes when it is disposed of',
    caughtBy: DISPOSED,
    make: does(() => ({ [Symbol.asyncDispose]: () => new Promise<void>(() => undefined) })),
  },
  {
    does: 'closes what others use when it is disposed of',
    caughtBy: DISPOSED,
    make: does((_, world) => ({ [Symbol.asyncDispose]: async () => void (world.closed = true) })),
  },
  { does: 'does not look at the signal', caughtBy: ABORTED, make: does((whole) => ({ send: (alert) => whole.send(alert, never()) })) },
  {
    does: 'says nothing when the signal ends a call',
    caughtBy: ABORTED,
    make: does((whole) => ({ send: (alert, signal) => whole.send(alert, signal).catch(() => undefined) })),
  },
  {
    does: 'sends nothing more once a call was ended',
    caughtBy: ABORTED,
    make: does((whole, world) => ({
      send: async (alert, signal) => {
        world.closed ||= signal.aborted;
        await whole.send(alert, signal);
      },
    })),
  },
  {
    does: 'fails its check though all is well',
    caughtBy: CHECK,
    make: does(() => ({ check: () => Promise.reject(new Transient('no route')) })),
  },
  {
    does: 'checks by sending an alert',
    caughtBy: CHECK,
    make: does((whole) => ({ check: (signal) => whole.send({ title: 'Test', text: '', severity: 'info' }, signal) })),
  },
  {
    does: 'takes an alert that it cannot send for sent',
    caughtBy: DOWN,
    make: does((whole) => ({ send: (alert, signal) => whole.send(alert, signal).catch(() => signal.throwIfAborted()) })),
  },
  {
    does: 'tries for ever when it cannot be reached',
    caughtBy: DOWN,
    make: does((whole, world) => ({
      send: async (alert, signal) => {
        while (world.fault === 'down') await delay(10, undefined, { signal });
        await whole.send(alert, signal);
      },
    })),
  },
  {
    does: 'sends later what it could not send',
    caughtBy: DOWN,
    make: does((whole) => {
      const left: Alert[] = [];
      return {
        send: async (alert, signal) => {
          left.push(alert);
          while (left.length > 0) {
            await whole.send(left[0]!, signal);
            left.shift();
          }
        },
      };
    }),
  },
  {
    does: 'tells its secret when it cannot be reached',
    caughtBy: DOWN,
    make: does((whole, world) => ({
      send: async (alert, signal) => {
        if (world.fault !== 'down') return whole.send(alert, signal);
        throw new TypeError('fetch failed', { cause: new Error(`connect https://alerts.test/${SECRET}`) });
      },
    })),
  },
  {
    does: 'fails without a word when it is not let in',
    caughtBy: DENIED,
    make: does((whole, world) => ({
      send: async (alert, signal) => (world.fault === 'denied' ? Promise.reject(new Error()) : whole.send(alert, signal)),
    })),
  },
  {
    does: 'stays out when it was not let in once',
    caughtBy: DENIED,
    make: does((whole, world) => ({
      send: async (alert, signal) => {
        world.closed ||= world.fault === 'denied';
        await whole.send(alert, signal);
      },
    })),
  },
  {
    does: 'passes its check when it cannot be reached',
    caughtBy: 'an alerter that cannot be reached fails its check',
    make: does(() => ({ check: async () => undefined })),
  },
  {
    does: 'looks at the signal only before the call',
    caughtBy: HANG,
    make: does((whole) => ({
      send: async (alert, signal) => {
        signal.throwIfAborted();
        await whole.send(alert, never());
      },
    })),
  },
  { does: 'checks for as long as it takes', caughtBy: HANG, make: does((whole) => ({ check: () => whole.check(never()) })) },
];
