// Registers 30 alerter flavors, 200 components of them and 50 stacks with all of these; then 5 of the flavors are gone. Prints how many there are in the end.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { Client } from '@mortise/core/client';

const FLAVORS = 30;
const BROKEN = 5;
const COMPONENTS = 200;
const STACKS = 50;

const bell = (index) => `bell-${String(index).padStart(3, '0')}`;
const times = (count) => Array.from({ length: count }, (_, index) => index);
const type = 'alerter';

mkdirSync('flavors', { recursive: true });
const client = new Client();
for (const index of times(FLAVORS)) {
  writeFileSync(
    `flavors/${bell(index)}.js`,
    `import { defineFlavor } from '@mortise/core';
    const load = async () => ({ create: async () => ({ send: async () => {} }) });
    export default defineFlavor({ apiVersion: 1, type: 'alerter', name: '${bell(index)}', load });`,
  );
  await client.registerFlavor({ type, source: `./flavors/${bell(index)}.js` });
}
for (const index of times(COMPONENTS))
  await client.registerComponent({ type, name: bell(index), flavor: bell(index % FLAVORS), config: {} });
for (const index of times(STACKS)) {
  const alerter = times(COMPONENTS / STACKS).map((part) => bell(index * (COMPONENTS / STACKS) + part));
  const parts = { orchestrator: 'default', 'artifact-store': 'default', 'experiment-tracker': 'default', alerter };
  await client.registerStack(`stack-${index}`, parts);
}
for (const index of times(BROKEN)) rmSync(`flavors/${bell(index)}.js`);

const { items: flavors } = await client.listFlavors(type);
const broken = flavors.filter(({ status }) => status === 'broken').length;
const { items: components } = await client.listComponents({ type, limit: 1000 });
await client.close();
console.log(JSON.stringify({ flavors: flavors.length, broken, components: components.length }));
