import type { Client, ComponentType, ConfigKey } from '@mortise/core/client';
import { configOf, ownKey, type ConfigOptions } from '../config-options.ts';
import { labelChange, type LabelOptions } from '../label-options.ts';
import { printLine } from '../print.ts';
import { withClient } from '../project-core.ts';
import { camelCase } from '../rewrite-argv.ts';

export async function updateComponent(type: ComponentType, name: string, options: ConfigOptions & LabelOptions): Promise<void> {
  await withClient(async (client, core) => {
    const labels = labelChange(options, core);
    if (options.config === undefined && Object.keys(labels).length === 0)
      throw new core.BadUsage({ what: `${type} update ${name}: nothing to change`, advice: 'Add --key=value, --label or --remove-label.' });
    const config = options.config && configOf(options.config, await configKeys(client, type, name), core);
    const edit = { ...labels, ...(config !== undefined && { config }) };
    await client.updateComponent(type, name, edit, { stringsFromCommandLine: true, allowPlainSecrets: options.force ?? false });
    printLine(`updated ${type} "${name}"`);
  });
}

async function configKeys(client: Client, type: ComponentType, name: string): Promise<ConfigKey[]> {
  const { flavor } = await client.getComponent(type, name);
  return (await client.getFlavor(type, flavor)).config;
}

export async function removeAttributes(type: ComponentType, name: string, keys: readonly string[]): Promise<void> {
  await withClient(async (client) => {
    const known = Object.keys((await client.getComponent(type, name)).config);
    const removed = [...new Set(keys.map((key) => ownKey(camelCase(key), known)))];
    await client.removeComponentAttributes(type, name, removed);
    printLine(`removed ${removed.join(', ')} from ${type} "${name}"`);
  });
}

export async function copyComponent(type: ComponentType, name: string, newName: string): Promise<void> {
  await withClient(async (client) => {
    await client.copyComponent(type, name, newName);
    printLine(`copied ${type} "${name}" to "${newName}"`);
  });
}

export async function renameComponent(type: ComponentType, name: string, newName: string): Promise<void> {
  await withClient(async (client) => {
    const naming = await namingSteps(client, type, name);
    await client.renameComponent(type, name, newName);
    printLine(`renamed ${type} "${name}" to "${newName}"`);
    warnNamed(type, naming, `what names "${name}" in your code must name "${newName}" from now on`);
  });
}

export async function deleteComponent(type: ComponentType, name: string): Promise<void> {
  await withClient(async (client) => {
    const naming = await namingSteps(client, type, name);
    await client.deleteComponent(type, name);
    printLine(`deleted ${type} "${name}"`);
    if (naming.length > 0) warnNamed(type, naming, `nothing in your code may name "${name}" any more`);
  });
}

/** `pipeline "wine" step "train"`. */
async function namingSteps(client: Client, type: ComponentType, name: string): Promise<string[]> {
  return (await client.namingSteps(type, name)).map(({ pipeline, step }) => `pipeline "${pipeline}" step "${step}"`);
}

/** Steps name experiment trackers and alerters, and settings name components of any type. */
function warnNamed(type: ComponentType, naming: readonly string[], what: string): void {
  const named = type === 'experiment-tracker' || type === 'alerter';
  if (naming.length > 0) printLine(`warning: ${what}: ${naming.join(', ')}`);
  else if (named) printLine(`note: ${what}; no step of the newest runs does`);
}
