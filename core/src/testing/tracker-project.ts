import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { CrashProject } from './crash-project.ts';

const PLACES = fileURLToPath(new URL('crash-places.ts', import.meta.url));

const SET_UP = `
import { Client } from '@mortise/core';
const client = new Client();
await client.registerFlavor({ type: 'experiment-tracker', source: './flavor.mjs' });
await client.registerComponent({ type: 'experiment-tracker', name: 'team', flavor: process.env.FLAVOR, config: JSON.parse(process.env.CONFIG) }, { allowPlainSecrets: true });
await client.registerStack('team', { orchestrator: 'default', 'artifact-store': 'default', 'experiment-tracker': 'team' });
await client.setActiveStack('team');
await client.close();
`;

/** The flavor, whose tracker waits at the places of `crash-places.ts`. */
const waiting = (flavor: string): string => `
import { defineFlavor } from '@mortise/core';
import flavor from '@mortise/${flavor}';
import { stopping } from ${JSON.stringify(PLACES)};
export default defineFlavor({
  ...flavor,
  load: async () => {
    const { create } = await flavor.load();
    return { create: async (context) => stopping(await create(context)) };
  },
});
`;

/** A project on the built packages whose only tracker, `team`, is of an integration's flavor. For tests. */
export function trackerProject(flavor: string, config: object): Promise<CrashProject> {
  return CrashProject.open(async ({ root, scripts }) => {
    const folder = fileURLToPath(new URL(`../../../integrations/${flavor}`, import.meta.url));
    symlinkSync(folder, join(root, 'node_modules/@mortise', flavor), 'dir');
    scripts.write('flavor.mjs', waiting(flavor));
    scripts.write('set-up.mjs', SET_UP);
    const { code, text } = await scripts.start('set-up.mjs', [], { FLAVOR: flavor, CONFIG: JSON.stringify(config) }).ended;
    if (code !== 0) throw new Error(`the project could not be set up: ${text}`);
  });
}
