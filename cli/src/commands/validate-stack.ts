import type { StackValidation } from '@mortise/core/client';
import { formatDuration } from '../format-duration.ts';
import { paintStatus, print, type OutputFormat } from '../print.ts';
import { withClient } from '../project-core.ts';
import { table } from '../table.ts';

/** `mortise stack validate [NAME]`. */
export async function validateStack(
  name: string | undefined,
  { timeout, output }: { timeout?: string; output: OutputFormat },
): Promise<void> {
  await withClient(async (client, { BadUsage, StackInvalid }) => {
    const seconds = timeout === undefined ? undefined : Number(timeout);
    if (seconds !== undefined && !(seconds > 0 && seconds <= MOST_SECONDS))
      throw new BadUsage({ what: `--timeout is to be a number of seconds above 0, not "${timeout}"` });
    const validation = await client.validateStack(name, seconds === undefined ? {} : { timeoutMs: seconds * 1000 });
    await print(validation, output, validationText);
    const components = validation.components.filter(({ ok }) => !ok).map((component) => `${component.type} ${component.name}`);
    if (components.length > 0) throw new StackInvalid({ stack: validation.stack, components });
  });
}

/** A timer cannot be set for longer. */
const MOST_SECONDS = 2_000_000;

function validationText({ stack, components }: StackValidation): string {
  const rows = components.map(({ type, name, flavor, ok, checked, problem, durationMs }) => {
    const remark = problem ?? (checked ? '' : 'not asked: its flavor has no check');
    return [type, name, flavor, paintStatus(ok ? 'ok' : 'failed'), formatDuration(durationMs), remark];
  });
  return `stack ${stack}\n\n${table(['TYPE', 'NAME', 'FLAVOR', 'STATE', 'TIME', 'REMARK'], rows)}`;
}
