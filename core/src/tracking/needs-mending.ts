import {
  BadReference,
  EnvMissing,
  FlavorBroken,
  isMortiseError,
  MissingPackage,
  SecretDamaged,
  SecretKeyInvalid,
  SecretKeyMissing,
  SecretKeyReadable,
  SecretMissing,
  SecretsLocked,
  SettingsMissingKey,
  SettingsUnknownKey,
  SettingsWrongType,
  TrackerBroken,
} from '../errors.ts';

const CODES = new Set<string>(
  [
    ...[BadReference, EnvMissing, SecretMissing, SecretKeyMissing, SecretsLocked, SecretDamaged, SecretKeyInvalid, SecretKeyReadable],
    ...[SettingsUnknownKey, SettingsMissingKey, SettingsWrongType, FlavorBroken, MissingPackage, TrackerBroken],
  ].map(({ code }) => code),
);

/** Whether an error lasts until a person sets something right that this process was started with: to try again is no use to it. */
export function needsMending(error: unknown): boolean {
  return isMortiseError(error) && CODES.has(error.code);
}
