import type { ComponentType, ConfigKey, FlavorDescriptor } from '@mortise/core/client';
import { print, type OutputFormat } from '../print.ts';
import { withClient } from '../project-core.ts';
import { facts, table } from '../table.ts';

export async function listFlavors(type: ComponentType, { output }: { output: OutputFormat }): Promise<void> {
  await withClient(async (client) =>
    print(await client.listFlavors(type), output, ({ items }) =>
      table(
        ['NAME', 'SOURCE', 'VERSION'],
        items.map(({ name, source, version }) => [name, source, version]),
      ),
    ),
  );
}

export async function describeFlavor(type: ComponentType, name: string, { output }: { output: OutputFormat }): Promise<void> {
  await withClient(async (client) => print(await client.getFlavor(type, name), output, flavorText));
}

function flavorText({ type, name, source, version, docs, config, settings }: FlavorDescriptor): string {
  const about = facts([
    ['type', type],
    ['flavor', name],
    ['source', `${source} ${version}`],
    ...(docs === undefined ? [] : [['docs', docs] as const]),
  ]);
  return [about, keysText('config', config), keysText('settings', settings)].join('\n\n');
}

function keysText(title: string, keys: readonly ConfigKey[]): string {
  if (keys.length === 0) return `${title}: none`;
  const rows = keys.map((key) => [
    key.key,
    key.type,
    [key.required ? 'required' : '', key.secret ? 'secret' : ''].filter(Boolean).join(', '),
    key.default === undefined ? '' : JSON.stringify(key.default),
    key.description ?? '',
  ]);
  return `${title}:\n${table(['KEY', 'TYPE', '', 'DEFAULT', 'MEANING'], rows)}`;
}
