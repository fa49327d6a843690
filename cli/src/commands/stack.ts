import type { Client, ComponentType, StackQuery, StackView } from '@mortise/core/client';
import { COMPONENT_TYPES } from '../component-types.ts';
import { listOptions, nextPageHint, type ListOptions } from '../list-options.ts';
import { print, printLine, type OutputFormat } from '../print.ts';
import { withClient } from '../project-core.ts';
import { table } from '../table.ts';

/** Names of components by their type, as commander collects them under the type's name in camelCase. */
interface StackOptions {
  orchestrator?: string[];
  artifactStore?: string[];
  experimentTracker?: string[];
  alerter?: string[];
  set?: boolean;
}

export async function registerStack(name: string, options: StackOptions): Promise<void> {
  await withClient(async (client) => {
    const { orchestrator = [], artifactStore = [], experimentTracker = [], alerter = [] } = options;
    const parts = { orchestrator, 'artifact-store': artifactStore, 'experiment-tracker': experimentTracker, alerter };
    const { components } = await client.registerStack(name, parts);
    printLine(`registered stack "${name}": ${components.map((component) => `${component.type} ${component.name}`).join(', ')}`);
    if (options.set) await activate(client, name);
  });
}

export async function setStack(name: string): Promise<void> {
  await withClient((client) => activate(client, name));
}

async function activate(client: Client, name: string): Promise<void> {
  await client.setActiveStack(name);
  printLine(`active stack: "${name}"`);
  const forced = process.env['MORTISE_ACTIVE_STACK'];
  if (forced && forced !== name) printLine(`but MORTISE_ACTIVE_STACK says "${forced}", which comes first`);
}

export async function listStacks({ output, sort, ...page }: ListOptions & Pick<StackQuery, 'sort'>): Promise<void> {
  await withClient(async (client, core) => {
    const stacks = await client.listStacks({ ...(sort !== undefined && { sort }), ...listOptions(page, core) });
    print(stacks, output, ({ items, next }) => {
      const types = COMPONENT_TYPES.map(({ type }) => type);
      const rows = items.map((stack) => [stack.active ? '*' : '', stack.name, ...types.map((type) => namesOf(stack, type))]);
      return table(['', 'NAME', ...types.map((type) => type.toUpperCase())], rows) + nextPageHint(next);
    });
  });
}

/** Without a name, the active one. */
export async function describeStack(name: string | undefined, { output }: { output: OutputFormat }): Promise<void> {
  await withClient(async (client) => print(await (name === undefined ? client.activeStack() : client.getStack(name)), output, stackText));
}

export async function deleteStack(name: string): Promise<void> {
  await withClient(async (client) => {
    await client.deleteStack(name);
    printLine(`deleted stack "${name}"`);
  });
}

function namesOf({ components }: StackView, type: ComponentType): string {
  const names = components.filter((component) => component.type === type).map((component) => component.name);
  return names.join(', ') || '-';
}

function stackText({ name, active, components }: StackView): string {
  const rows = components.map((component) => [component.type, component.name, component.flavor, configText(component.config)]);
  return `stack ${name}${active ? ' (active)' : ''}\n\n${table(['TYPE', 'NAME', 'FLAVOR', 'CONFIG'], rows)}`;
}

function configText(config: StackView['components'][number]['config']): string {
  return Object.entries(config)
    .map(([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(' ');
}
