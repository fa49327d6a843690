import type { ComponentQuery, ComponentType, ComponentView, Listing } from '@mortise/core/client';
import { configOf, keyAndValue, type ConfigOptions } from '../config-options.ts';
import { problemColumn, problemText } from '../flavor-problems.ts';
import { labelsOf, labelText } from '../label-options.ts';
import { listOptions, nextPageHint, type ListOptions } from '../list-options.ts';
import { print, printLine, type OutputFormat } from '../print.ts';
import { withClient } from '../project-core.ts';
import { facts, table } from '../table.ts';

interface RegisterOptions extends ConfigOptions {
  flavor?: string;
  label?: string[];
}

export async function registerComponent(
  type: ComponentType,
  name: string,
  { flavor, config = [], label, force = false }: RegisterOptions,
): Promise<void> {
  await withClient(async (client, core) => {
    const { BadUsage, nearest } = core;
    const pairs = config.map(keyAndValue);
    if (flavor === undefined) {
      const typo = pairs.find(([key]) => nearest(key, ['flavor']) !== undefined)?.[0];
      const advice =
        typo === undefined
          ? `Add --flavor=...: "mortise ${type} flavor list" shows them.`
          : `Did you mean "--flavor" instead of "--${typo}"?`;
      throw new BadUsage({ what: `${type} register needs --flavor`, advice });
    }
    const { config: keys } = await client.getFlavor(type, flavor);
    const component = { type, name, flavor, config: configOf(config, keys, core), ...labelsOf(label, core) };
    await client.registerComponent(component, { stringsFromCommandLine: true, allowPlainSecrets: force });
    printLine(`registered ${type} "${name}" (${flavor})`);
    const { problem } = await client.checkComponent(type, name, { timeoutMs: CHECK_MS });
    if (problem !== null) printLine(`warning: it cannot be used from here as it is: ${problem}`);
  });
}

/** How long registering a component may wait for what it stands for. */
const CHECK_MS = 3_000;

/** What a list may be asked for, as commander gives it. */
type ComponentFilters = Pick<ComponentQuery, 'sort' | 'name' | 'flavor'> & { label?: string[] };

export async function listComponents(
  type: ComponentType,
  { output, limit, after, label, ...filters }: ListOptions & ComponentFilters,
): Promise<void> {
  await withClient(async (client, core) => {
    const page = listOptions({ limit, after }, core);
    const components = await client.listComponents({ type, ...filters, ...labelsOf(label, core), ...page });
    await print(components, output, componentsText);
  });
}

/** Those of the active stack; the first is the default. */
export async function activeComponents(type: ComponentType, { output }: { output: OutputFormat }): Promise<void> {
  await withClient(async (client) => {
    const { components } = await client.activeStack();
    await print({ items: components.filter((component) => component.type === type), next: null }, output, componentsText);
  });
}

function componentsText({ items, next }: Listing<ComponentView>): string {
  const problems = problemColumn(items.map((component) => [component]));
  const rows = items.map(({ name, flavor, createdAt, labels }, index) => [
    ...[name, flavor, createdAt, labelText(labels)],
    ...problems.cells[index]!,
  ]);
  return table(['NAME', 'FLAVOR', 'REGISTERED', 'LABELS', ...problems.header], rows) + nextPageHint(next);
}

export async function describeComponent(type: ComponentType, name: string, { output }: { output: OutputFormat }): Promise<void> {
  await withClient(async (client) => print(await client.getComponent(type, name), output, componentText));
}

function componentText(component: ComponentView): string {
  const { type, name, flavor, config, labels, createdAt, updatedAt } = component;
  const rows = [
    ['type', type],
    ['name', name],
    ['flavor', flavor],
    ['registered', createdAt],
    ...(updatedAt === null ? [] : [['updated', updatedAt] as const]),
    ...(Object.keys(labels).length === 0 ? [] : [['labels', labelText(labels)] as const]),
    ...Object.entries(config).map(([key, value]) => [key, typeof value === 'string' ? value : JSON.stringify(value)] as const),
  ] as const;
  return facts(rows) + problemText([component]);
}
