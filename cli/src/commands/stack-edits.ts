import type { StackView } from '@mortise/core/client';
import { labelChange, type LabelOptions } from '../label-options.ts';
import { printLine } from '../print.ts';
import { withClient } from '../project-core.ts';
import { partsOf, type StackOptions } from '../stack-options.ts';

export async function updateStack(name: string, options: StackOptions & LabelOptions): Promise<void> {
  await withClient(async (client, core) => {
    const [parts, labels] = [partsOf(options), labelChange(options, core)];
    if (Object.keys({ ...parts, ...labels }).length === 0)
      throw new core.BadUsage({
        what: `stack update ${name}: nothing to change`,
        advice: 'Add -o, -a, -e, -al, --label or --remove-label.',
      });
    const stack = await client.updateStack(name, { ...labels, ...(Object.keys(parts).length > 0 && { parts }) });
    printLine(`updated stack "${name}": ${partsText(stack)}`);
  });
}

export async function removeFromStack(name: string, options: StackOptions): Promise<void> {
  await withClient(async (client, { BadUsage }) => {
    const parts = partsOf(options);
    if (Object.keys(parts).length === 0)
      throw new BadUsage({ what: `stack remove-component ${name}: name what to remove`, advice: 'Add -e NAME or -al NAME.' });
    printLine(`updated stack "${name}": ${partsText(await client.removeFromStack(name, parts))}`);
  });
}

export async function copyStack(name: string, newName: string): Promise<void> {
  await withClient(async (client) => {
    await client.copyStack(name, newName);
    printLine(`copied stack "${name}" to "${newName}"`);
  });
}

export async function renameStack(name: string, newName: string): Promise<void> {
  await withClient(async (client) => {
    const { active } = await client.renameStack(name, newName);
    printLine(`renamed stack "${name}" to "${newName}"${active ? ', which is the active one' : ''}`);
    if (process.env['MORTISE_ACTIVE_STACK'] === name)
      printLine(`but MORTISE_ACTIVE_STACK still says "${name}", which is no stack any more`);
  });
}

/** `orchestrator default, artifact-store default`. */
export function partsText({ components }: StackView): string {
  return components.map((component) => `${component.type} ${component.name}`).join(', ');
}
