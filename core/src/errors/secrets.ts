import { define } from './define-error.ts';
import { didYouMean } from './wording.ts';

const HOW_TO_REFER = 'Write {{secret.NAME.KEY}} for a key of a secret, {{env.NAME}} for a variable of the environment.';
const references = ({ length }: readonly string[], one: string, several: string): string =>
  length === 1 ? `1 reference ${one}` : `${length} references ${several}`;

export const UnknownSecret = define('UNKNOWN_SECRET', (p: { name: string; known: string[] }) => [
  `no secret named "${p.name}"`,
  didYouMean(p.name, p.known) || `Make it with "mortise secret create ${p.name} KEY".`,
]);
export const BadSecret = define('BAD_SECRET', (p: { name: string; reason: string; advice?: string }) => [
  `secret "${p.name}" ${p.reason}`,
  p.advice,
]);
/** `of`: whose reference it is, as in the errors below; `near`: what may be meant. */
export const BadReference = define('BAD_REFERENCE', (p: { of: string; text: string; near?: string }) => [
  `${p.text} in ${p.of} is no reference`,
  p.near === undefined ? HOW_TO_REFER : `Did you mean ${p.near}? ${HOW_TO_REFER}`,
]);
export const SecretMissing = define(
  'SECRET_MISSING',
  (p: { of: string; reference: string; secret: string; key: string; known: string[] }) => [
    `${p.of} needs ${p.reference}, and there is no secret "${p.secret}"`,
    [didYouMean(p.secret, p.known), `Make it with "mortise secret create ${p.secret} ${p.key}".`].filter(Boolean).join(' '),
  ],
);
export const SecretKeyMissing = define(
  'SECRET_KEY_MISSING',
  (p: { of: string; reference: string; secret: string; key: string; known: string[] }) => [
    `${p.of} needs ${p.reference}, and the secret "${p.secret}" has no key "${p.key}"`,
    [didYouMean(p.key, p.known), `Add it with "mortise secret update ${p.secret} ${p.key}".`].filter(Boolean).join(' '),
  ],
);
export const EnvMissing = define('ENV_MISSING', (p: { of: string; reference: string; variable: string }) => [
  `${p.of} needs ${p.reference}, and the variable ${p.variable} is not set`,
  `Set ${p.variable} in the environment of this process.`,
]);
/** Several at once: `missing` has what is said of each that has no value, `malformed` the others with whose they are. */
export const ReferencesMissing = define('REFERENCES_MISSING', (p: { missing: string[]; malformed: string[] }) => [
  [
    ...(p.missing.length === 0 ? [] : [`${references(p.missing, 'has', 'have')} no value: ${p.missing.join('; ')}`]),
    ...(p.malformed.length === 0 ? [] : [`${references(p.malformed, 'is', 'are')} malformed: ${p.malformed.join('; ')}`]),
  ].join('; '),
  [
    ...(p.missing.length === 0 ? [] : ['Make secrets with "mortise secret create NAME KEY", and set variables in the environment.']),
    ...(p.malformed.length === 0 ? [] : [HOW_TO_REFER]),
  ].join(' '),
]);
export const SecretsLocked = define('SECRETS_LOCKED', (p: { secret: string; why: string }) => [
  `the secret "${p.secret}" cannot be opened: ${p.why}`,
  'Set MORTISE_SECRET_KEY to the key of whoever made it (the text of their secret.key), or make the secret anew.',
]);
export const SecretDamaged = define('SECRET_DAMAGED', (p: { secret: string }) => [
  `the secret "${p.secret}" cannot be opened: what is stored of it was changed, or comes from another store`,
  `Make it anew: "mortise secret delete ${p.secret}", then "mortise secret create ${p.secret} KEY".`,
]);
export const SecretKeyInvalid = define('SECRET_KEY_INVALID', (p: { place: string; reason: string }) => [
  `the key for secrets in ${p.place} cannot be used: ${p.reason}`,
  'Put back the one that secrets were made with, or make one: openssl rand -base64 32.',
]);
export const SecretKeyReadable = define('SECRET_KEY_READABLE', (p: { path: string; mode: string }) => [
  `others may read the key for secrets: ${p.path} has the mode ${p.mode}`,
  `Run "chmod 600 ${p.path}".`,
]);
export const SecretKeyHomeless = define('SECRET_KEY_HOMELESS', (p: { where: string }) => [
  `there is no key for secrets, and no place to keep one: ${p.where}`,
  'Set HOME, or set MORTISE_SECRET_KEY to a key that you keep: openssl rand -base64 32.',
]);
/** `key`: of the config. */
export const SecretInClear = define('SECRET_IN_CLEAR', (p: { of: string; key: string; name: string }) => [
  `config key "${p.key}" of ${p.of} is secret, and its value was given in clear text`,
  `Run "mortise secret create ${p.name} ${p.key}" and write --${p.key}='{{secret.${p.name}.${p.key}}}', or add --force to store it as it is.`,
]);
export const ParamWasSecret = define('PARAM_WAS_SECRET', (p: { run: string; param: string }) => [
  `run "${p.run}" cannot be resumed: its param "${p.param}" held the value of a secret, which is not kept`,
  'Start a new run.',
]);
