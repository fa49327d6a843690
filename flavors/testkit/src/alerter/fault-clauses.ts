import { within } from '../within.ts';
import { LIMIT_MS, never, PLAIN, type Clause } from './alerter-place.ts';
import type { AlerterSuite } from './alerter-suite.ts';

const SAYS = { down: 'cannot be reached', denied: 'does not let us in' } as const;
const LATER = { ...PLAIN, title: 'Later' };

/** What happens when an alert cannot be sent, or is not to be sent any more. */
export function alerterFaultClauses(it: Clause, { faults = [] }: AlerterSuite): void {
  it('a signal that was aborted ends a call: nothing arrives, and the next alert does', async (place) => {
    await place.failureOf('send', place.alerter.send(PLAIN, AbortSignal.abort(new Error('enough'))));
    await place.send(LATER);
    await place.assertReceived([LATER]);
  });

  it('an alerter that can be reached passes its check, which sends nothing', async (place) => {
    await within(LIMIT_MS, 'the check', Promise.resolve(place.alerter.check?.(never())));
    await place.assertReceived([]);
  });

  for (const [fault, says] of Object.entries(SAYS) as ['down' | 'denied', string][]) {
    if (!faults.includes(fault)) continue;
    it(`where it ${says}, an alert fails in time, and one that is sent afterwards arrives`, async (place) => {
      await place.failing(fault, async () => {
        await place.failureOf('send', place.alerter.send(PLAIN, never()));
      });
      await place.send(LATER);
      await place.assertReceived([LATER]);
    });
  }

  if (faults.includes('down')) {
    it('an alerter that cannot be reached fails its check', async (place) => {
      await place.failing('down', async () => {
        if (place.alerter.check !== undefined) await place.failureOf('check', place.alerter.check(never()));
      });
    });
  }

  if (faults.includes('hang')) {
    it('a signal ends a call that gets no answer', async (place) => {
      await place.failing('hang', async () => {
        await place.failureOf('send', place.alerter.send(PLAIN, AbortSignal.timeout(50)));
        if (place.alerter.check !== undefined) await place.failureOf('check', place.alerter.check(AbortSignal.timeout(50)));
      });
      await place.send(LATER);
    });
  }
}
