/** Where what is logged goes in a run at Neptune. */
export const PARAMS = 'params/';
export const METRICS = 'metrics/';
export const ARTIFACTS = 'artifacts/';
export const DOCUMENTS = 'documents/';
export const DATASETS = 'datasets/';
export const NOTE = 'note';
export const STATUS = 'status';
export const ERROR = 'error/';
/** Not `runtime/`, where the Python client counts the lines of a program that a step starts from one on: its steps and ours would be the same. */
export const LOGS = { out: 'logs/stdout', err: 'logs/stderr' } as const;
/** Ours: ids, times, links. */
export const OWN = 'mortise/';
export const ENDED_AT = `${OWN}ended_at`;
export const KEY = `${OWN}key`;

export const SYS = {
  name: 'sys/name',
  tags: 'sys/tags',
  groupTags: 'sys/group_tags',
  failed: 'sys/failed',
  description: 'sys/description',
} as const;

/** A tag as a member of Neptune's set of texts; one that only says `true` is its name. */
export function tagMember(name: string, value: string): string {
  return value === 'true' && !name.includes(':') ? name : `${name}:${value}`;
}

/** The tag that a member stands for. */
export function memberTag(member: string): [name: string, value: string] {
  const at = member.indexOf(':');
  return at < 0 ? [member, 'true'] : [member.slice(0, at), member.slice(at + 1)];
}
