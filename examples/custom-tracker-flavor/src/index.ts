import { defineFlavor } from '@mortise/core';

/** One CSV file for each tracker run, for whoever likes to look at runs in a spreadsheet. */
export default defineFlavor({
  apiVersion: 1,
  type: 'experiment-tracker',
  name: 'csv',
  docs: 'one CSV file for each tracker run',
  config: async () => (await import('./csv-tracker-config.js')).CsvTrackerConfig,
  load: () => import('./csv-tracker.js'),
});
