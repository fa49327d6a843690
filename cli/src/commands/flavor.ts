import type { ComponentType, ConfigKey, FlavorView } from '@mortise/core/client';
import { announceFlavor } from '../announce-flavor.ts';
import { print, printLine, type OutputFormat } from '../print.ts';
import { withClient } from '../project-core.ts';
import { HIDDEN_KEYS } from '../rewrite-argv.ts';
import { facts, table } from '../table.ts';

export async function registerFlavor(type: ComponentType, source: string, { force = false }: { force?: boolean }): Promise<void> {
  await withClient(async (client) => {
    const flavor = await client.registerFlavor({ type, source }, { force, onLoad: announceFlavor });
    printLine(`registered ${type} flavor "${flavor.name}" from ${flavor.source} ${flavor.version}`);
    for (const { key } of flavor.config.filter((each) => HIDDEN_KEYS.includes(each.key)))
      printLine(`note: the config key "${key}" cannot be given on the command line, which has an option of that name`);
  });
}

export async function listFlavors(type: ComponentType, { output }: { output: OutputFormat }): Promise<void> {
  await withClient(async (client) =>
    print(await client.listFlavors(type), output, ({ items }) =>
      table(
        ['NAME', 'SOURCE', 'VERSION', 'STATUS'],
        items.map((flavor) => [flavor.name, flavor.source, flavor.version, statusText(flavor)]),
      ),
    ),
  );
}

export async function describeFlavor(type: ComponentType, name: string, { output }: { output: OutputFormat }): Promise<void> {
  await withClient(async (client) => print(await client.getFlavor(type, name), output, flavorText));
}

export async function deleteFlavor(type: ComponentType, name: string): Promise<void> {
  await withClient(async (client) => {
    await client.deleteFlavor(type, name);
    printLine(`deleted ${type} flavor "${name}"`);
  });
}

/** Without a name, all flavors of the type that do not come with Mortise. Exit code 1 if one of them is broken. */
export async function refreshFlavors(type: ComponentType, name: string | undefined): Promise<void> {
  await withClient(async (client) => {
    const flavors = await client.refreshFlavors({ type, ...(name !== undefined && { name }) }, { onLoad: announceFlavor });
    if (flavors.length === 0) return printLine('nothing to load: these flavors come with Mortise');
    for (const { name: flavor, problem, changes } of flavors) {
      const news = changes.length === 0 ? 'is as it was' : changes.join('; ');
      printLine(`${type} flavor "${flavor}" ${problem === null ? news : `is broken: ${problem}`}`);
    }
    if (flavors.some(({ problem }) => problem !== null)) process.exitCode = 1;
  });
}

function flavorText(flavor: FlavorView): string {
  const { type, name, source, version, docs, undescribed = [] } = flavor;
  const about = facts([
    ['type', type],
    ['flavor', name],
    ['source', `${source} ${version}`],
    ['status', statusText(flavor)],
    ...(docs === undefined ? [] : [['docs', docs] as const]),
  ]);
  const keys = (['config', 'settings'] as const).map((part) => keysText(part, flavor[part], undescribed.includes(part)));
  return [about, ...keys].join('\n\n');
}

const statusText = ({ status, reason }: FlavorView): string => (reason === null ? status : `${status}: ${reason}`);

function keysText(title: string, keys: readonly ConfigKey[], undescribed: boolean): string {
  const silent = 'the schema does not describe itself: it may take other keys';
  if (keys.length === 0) return `${title}: ${undescribed ? silent : 'none'}`;
  const rows = keys.map((key) => [
    key.key,
    key.type,
    key.required ? 'yes' : '',
    key.secret ? 'yes' : '',
    key.default === undefined ? '' : JSON.stringify(key.default),
    key.description ?? '',
  ]);
  return `${title}:\n${table(['KEY', 'TYPE', 'REQUIRED', 'SECRET', 'DEFAULT', 'DESCRIPTION'], rows)}${undescribed ? `\n${silent}` : ''}`;
}
