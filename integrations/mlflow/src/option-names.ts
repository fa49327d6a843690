/** What options of the client are called where they were given. */
export type OptionNames = Record<'trackingUri' | 'username' | 'password' | 'token' | 'ca' | 'insecureTls', string>;

export const CONFIG_KEYS: OptionNames = {
  trackingUri: 'trackingUri',
  username: 'trackingUsername',
  password: 'trackingPassword',
  token: 'trackingToken',
  ca: 'trackingCaFile',
  insecureTls: 'trackingInsecureTls',
};

export const VARIABLES: OptionNames = {
  trackingUri: 'MLFLOW_TRACKING_URI',
  username: 'MLFLOW_TRACKING_USERNAME',
  password: 'MLFLOW_TRACKING_PASSWORD',
  token: 'MLFLOW_TRACKING_TOKEN',
  ca: 'MLFLOW_TRACKING_SERVER_CERT_PATH',
  insecureTls: 'MLFLOW_TRACKING_INSECURE_TLS',
};

/** What the client says of its options, said of what a person has written. */
export function inNamesOf(names: OptionNames, message: string): string {
  return message.replace(/"(username|password|token|ca|insecureTls)"|\bA (username)\b|\bThe (token)\b/g, (_, ...found: unknown[]) => {
    const option = found.slice(0, 3).find((name) => name !== undefined);
    return names[option as keyof OptionNames];
  });
}
