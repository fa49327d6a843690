import { maskedForms } from './masked-forms.ts';
import { MaskedTexts } from './masked-texts.ts';

/** The values that this process has come to know from secrets. */
export interface KeptSecrets {
  readonly values: Set<string>;
  /** Undefined as long as there is nothing to mask: then masking costs one look. */
  texts: MaskedTexts | undefined;
  /** For whoever has no copy of this module, as the command line. */
  redact(text: string): string;
}

const KEY = Symbol.for('mortise.secrets.v1');

/** One for all copies of this package in this process: each masks what any of them has read. */
export function keptSecrets(): KeptSecrets {
  const place = globalThis as { [KEY]?: KeptSecrets };
  return (place[KEY] ??= { values: new Set(), texts: undefined, redact: (text) => keptSecrets().texts?.mask(text) ?? text });
}

/** The key that secrets are sealed with is one itself, also where none of them is opened. To be called when a run or a command begins. */
export function keepSecretKey(): void {
  const key = process.env['MORTISE_SECRET_KEY']?.trim();
  if (key) keepSecret(key);
}

/** From now on this value is masked in what Mortise writes or sends (see `redaction.ts`). Values of fewer than 4 characters are not. */
export function keepSecret(value: string): void {
  const kept = keptSecrets();
  if (kept.values.has(value)) return;
  const forms = maskedForms(value);
  if (forms.length === 0) return;
  kept.values.add(value);
  kept.texts = new MaskedTexts([...(kept.texts?.texts ?? []), ...forms]);
}
