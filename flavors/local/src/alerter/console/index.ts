import { defineFlavor } from '@mortise/core';

/** Prints each alert as one line on stderr. */
export default defineFlavor({
  apiVersion: 1,
  type: 'alerter',
  name: 'console',
  load: () => import('./console-alerter.ts'),
});
