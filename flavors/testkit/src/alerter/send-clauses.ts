import { SEVERITIES, type Alert } from '@mortise/core';

import { LIMIT_MS, PLAIN, type Clause } from './alerter-place.ts';
import type { AlerterSuite } from './alerter-suite.ts';
import { within } from '../within.ts';

const ODD = {
  'of other scripts and emoji': 'précision 98 % \u{1f377}\u{1f9d1}‍\u{1f52c} 精度 דיוק',
  'with quotes, markup and what templates use': `"it's" <b>&amp;</b> {{secret.a.b}} \${x} %s {0} \\n \\u0041 *bold* _x_ \`code\` @here <!channel>`,
  'of several lines': 'first\r\nsecond\n\tthird\n\n\nlast',
  'with control characters': 'red \u001b[31malert\u001b[0m\u0007\u0000 end',
  'with half a character': 'half \ud83c of one',
  'that are JSON': JSON.stringify({ title: 'x', nested: ['"', '\\'] }),
};

/** What arrives. */
export function sendClauses(it: Clause, { lacks = [] }: AlerterSuite): void {
  it('an alert of each severity arrives, with its title and its text', async (place) => {
    const alerts = SEVERITIES.map((severity): Alert => ({ title: `It is ${severity}`, text: `about ${severity}`, severity }));
    for (const alert of alerts) await place.send(alert);
    await place.assertReceived(alerts);
  });

  it('an alert has arrived when it has been sent', async (place) => {
    for (const [i, alerts] of [[PLAIN], [PLAIN, { ...PLAIN, title: 'Another' }]].entries()) {
      await place.send(alerts[i]!);
      await place.assertReceived(alerts);
    }
  });

  if (!lacks.includes('runId') || !lacks.includes('url')) {
    it('the run and the URL of an alert arrive, and none where none is given', async (place) => {
      const alerts: Alert[] = [
        { ...PLAIN, title: 'One', runId: 'run-7', url: 'https://tracker.test/runs/7?tab=a&b=%20' },
        { ...PLAIN, title: 'Two', runId: 'run-8' },
        { ...PLAIN, title: 'Three' },
      ];
      for (const alert of alerts) await place.send(alert);
      await place.assertReceived(alerts);
    });
  }

  it('a long text arrives', async (place) => {
    const alert = { ...PLAIN, text: Array.from({ length: 5_000 }, (_, i) => `line ${i}`).join('\n') };
    await place.send(alert);
    await place.assertReceived([alert]);
  });

  for (const [what, text] of Object.entries(ODD)) {
    it(`texts ${what} arrive`, async (place) => {
      // JSON and UTF-8 have no half characters: something else may stand for one.
      const alert = { ...PLAIN, title: `Odd: ${text.slice(0, 20)}`, text };
      await place.send(alert);
      if (text.isWellFormed()) await place.assertReceived([alert]);
      else await place.assertReceived([{ ...PLAIN, title: 'Odd', text: 'of one' }]);
    });
  }

  it('an alert without a text arrives', async (place) => {
    await place.send({ ...PLAIN, text: '' });
    await place.assertReceived([{ ...PLAIN, text: '' }]);
  });

  it('alerts that are sent at once arrive, each once', async (place) => {
    const alerts = Array.from({ length: 20 }, (_, i): Alert => ({ ...PLAIN, title: `Alert number ${i}.` }));
    const other = await place.backend.create();
    await Promise.all(alerts.map((alert, i) => place.send(alert, undefined, i % 2 === 0 ? place.alerter : other)));
    await within(LIMIT_MS, 'to dispose of it', Promise.resolve(other[Symbol.asyncDispose]?.()));
    await place.assertReceived(alerts);
  });

  it('the same alert twice is two alerts', async (place) => {
    await place.send(PLAIN);
    await place.send(PLAIN);
    await place.assertReceived([PLAIN, PLAIN]);
  });

  it('an alerter lets go when it is disposed of, and of nothing that others use', async (place) => {
    const other = await place.backend.create();
    await place.send(PLAIN, undefined, other);
    await within(LIMIT_MS, 'to dispose of it', Promise.resolve(other[Symbol.asyncDispose]?.()));
    await place.send({ ...PLAIN, title: 'Later' });
    await place.assertReceived([PLAIN, { ...PLAIN, title: 'Later' }]);
  });
}
