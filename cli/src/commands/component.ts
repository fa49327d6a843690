import type { ComponentQuery, ComponentType, ComponentView } from '@mortise/core/client';
import { listOptions, nextPageHint, type ListOptions } from '../list-options.ts';
import { print, printLine, type OutputFormat } from '../print.ts';
import { withClient } from '../project-core.ts';
import { facts, table } from '../table.ts';

interface RegisterOptions {
  flavor?: string;
  /** `key=value`, with keys in camelCase. */
  config?: string[];
}

export async function registerComponent(type: ComponentType, name: string, { flavor, config = [] }: RegisterOptions): Promise<void> {
  await withClient(async (client, { BadUsage, nearest }) => {
    const pairs = config.map(keyAndValue);
    if (flavor === undefined) {
      const typo = pairs.find(([key]) => nearest(key, ['flavor']) !== undefined)?.[0];
      const advice =
        typo === undefined
          ? `Add --flavor=...: "mortise ${type} flavor list" shows them.`
          : `Did you mean "--flavor" instead of "--${typo}"?`;
      throw new BadUsage({ what: `${type} register needs --flavor`, advice });
    }
    await client.registerComponent({ type, name, flavor, config: Object.fromEntries(pairs) }, { stringsFromCommandLine: true });
    printLine(`registered ${type} "${name}" (${flavor})`);
  });
}

function keyAndValue(pair: string): [key: string, value: string] {
  const at = pair.indexOf('=');
  return [pair.slice(0, at), pair.slice(at + 1)];
}

export async function listComponents(
  type: ComponentType,
  { output, sort, ...page }: ListOptions & Pick<ComponentQuery, 'sort'>,
): Promise<void> {
  await withClient(async (client, core) => {
    const components = await client.listComponents({ type, ...(sort !== undefined && { sort }), ...listOptions(page, core) });
    print(components, output, ({ items, next }) => {
      const rows = items.map(({ name, flavor, createdAt }) => [name, flavor, createdAt]);
      return table(['NAME', 'FLAVOR', 'REGISTERED'], rows) + nextPageHint(next);
    });
  });
}

export async function describeComponent(type: ComponentType, name: string, { output }: { output: OutputFormat }): Promise<void> {
  await withClient(async (client) => print(await client.getComponent(type, name), output, componentText));
}

export async function deleteComponent(type: ComponentType, name: string): Promise<void> {
  await withClient(async (client) => {
    await client.deleteComponent(type, name);
    printLine(`deleted ${type} "${name}"`);
  });
}

function componentText({ type, name, flavor, config, createdAt }: ComponentView): string {
  return facts([
    ['type', type],
    ['name', name],
    ['flavor', flavor],
    ['registered', createdAt],
    ...Object.entries(config).map(([key, value]) => [key, typeof value === 'string' ? value : JSON.stringify(value)] as const),
  ]);
}
