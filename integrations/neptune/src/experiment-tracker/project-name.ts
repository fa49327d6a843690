export const PROJECT_RULE = 'must be workspace/project';

/** `workspace/project`, as Neptune names projects. */
export function isProjectName(value: unknown): value is string {
  return typeof value === 'string' && /^[^/\s][^/]*\/[^/]+$/.test(value);
}
