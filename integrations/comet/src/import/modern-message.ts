import type { ArchiveMessage } from './archive-run.ts';

/** What a message of old clients may say, and the type of which such a message is since. Points and parameters are in it as they are since. */
const TYPES: Readonly<Record<string, string>> = {
  log_other: 'log_other',
  stdout: 'standard_output',
  html: 'html',
  htmlOverride: 'htmlOverride',
  graph: 'graph',
  fileName: 'file_name',
  git_meta: 'git_metadata',
  env_details: 'system_details',
  installed_packages: 'installed_packages',
  os_packages: 'os_packages',
  gpu_static_info: 'gpu_static_info',
  log_dependency: 'log_dependency',
  log_system_info: 'system_info',
};

/** A message as Comet's client writes it today: in archives of old clients most are of the type `ws_msg`, and say one thing each. */
export function modernMessage(message: ArchiveMessage): ArchiveMessage {
  const { type: given, payload } = message;
  // What is beside a point or a parameter Comet's own upload passes over, too.
  if (given !== 'ws_msg' || ['metric', 'param', 'params'].some((name) => (payload[name] ?? null) !== null)) return message;
  const [name, value] = Object.entries(payload).find(([name, value]) => value !== null && Object.hasOwn(TYPES, name)) ?? [];
  if (name === undefined) return message;
  const type = TYPES[name]!;
  const { local_timestamp, stderr } = payload;
  return { type, payload: { ...saidIn(type, value, stderr), ...(local_timestamp !== undefined && { local_timestamp }) } };
}

function saidIn(type: string, value: unknown, stderr: unknown): ArchiveMessage['payload'] {
  const said = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>;
  switch (type) {
    case 'log_other':
      return { key: said['key'], value: said['val'] };
    case 'standard_output':
      return { output: value, stderr };
    case 'system_details':
      return said;
    default:
      return { [type]: value };
  }
}
