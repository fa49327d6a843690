/** Whether a config value names a secret or a variable of the environment, `{{secret.name.key}}` or `{{env.NAME}}`: its value is not known yet. */
export function isReference(value: unknown): boolean {
  return typeof value === 'string' && /\{\{\s*(?:secret|env)\./.test(value);
}
