import { describe, expect, test } from '@jest/globals';
import { ArrayMaxSize, IsArray, IsBoolean, IsIn, IsInt, IsNumber, IsObject, IsOptional, IsString, IsUrl, Min } from 'class-validator';
import { ConfigMissingKey, ConfigUnknownKey, ConfigWrongType, type MortiseError } from '../errors.ts';
import { camelCase, checkConfig, describeSchema, parseConfig } from './config-schema.ts';
import type { ConfigSchema, StandardResult, StandardSchema } from './flavor.ts';

class ServerConfig {
  @IsUrl({ require_tld: false })
  trackingUri!: string;

  @IsOptional()
  @Min(1, { context: { description: 'side by side' } })
  @IsInt()
  workers?: number;

  @IsNumber()
  timeout = 2.5;

  @IsOptional()
  @IsBoolean()
  quiet?: boolean;

  @IsOptional()
  @IsArray()
  @IsString({ each: true })
  tags?: string[];

  @IsOptional()
  @IsInt({ each: true })
  @ArrayMaxSize(3)
  ports?: number[];

  @IsOptional()
  @IsObject()
  headers?: object;

  @IsOptional()
  @IsIn(['fast', 'safe'])
  mode?: string;

  get base(): string {
    return `${this.trackingUri}/api`;
  }
}

class DerivedConfig extends ServerConfig {
  @IsString()
  token!: string;
}

class NoKeys {
  greeting(): string {
    return 'hello';
  }
}

const of = 'experiment tracker flavor "server"';
const trackingUri = 'http://127.0.0.1:5000';

async function refusal(
  schema: ConfigSchema | undefined,
  raw: Record<string, never> | object,
  fromCommandLine = false,
): Promise<MortiseError> {
  return checkConfig(schema, raw as never, { of, stringsFromCommandLine: fromCommandLine }).then(
    () => Promise.reject(new Error('the config was accepted')),
    (error: MortiseError) => error,
  );
}

describe('a config class', () => {
  test('gives an instance with its defaults and its own getters', async () => {
    const config = await parseConfig(ServerConfig, { trackingUri }, { of });
    expect(config).toBeInstanceOf(ServerConfig);
    expect(config).toMatchObject({ trackingUri, timeout: 2.5, base: 'http://127.0.0.1:5000/api' });
  });

  test('refuses an unknown key with the nearest known one', async () => {
    const error = await refusal(ServerConfig, { trackingUri, trackinUri: 'x' });
    expect(error).toBeInstanceOf(ConfigUnknownKey);
    expect(error.line).toBe(
      'CONFIG_UNKNOWN_KEY: experiment tracker flavor "server" has no config key "trackinUri". Did you mean "trackingUri"?',
    );
  });

  test('refuses keys that every object has, and methods and getters of its own', async () => {
    for (const key of ['constructor', 'toString', 'base', '__proto__']) {
      const raw = JSON.parse(`{"trackingUri":"${trackingUri}","${key}":"x"}`) as object;
      expect(await refusal(ServerConfig, raw)).toBeInstanceOf(ConfigUnknownKey);
    }
  });

  test('refuses a config without a required key, also an inherited one', async () => {
    expect((await refusal(ServerConfig, {})).line).toBe(
      'CONFIG_MISSING_KEY: experiment tracker flavor "server" needs the config key "trackingUri". Add --trackingUri=...',
    );
    expect(await refusal(DerivedConfig, { token: 't' })).toBeInstanceOf(ConfigMissingKey);
  });

  test.each([
    [{ workers: 'many' }, 'config key "workers" of experiment tracker flavor "server" is wrong: must be an integer number'],
    [{ workers: 1.5 }, 'must be an integer number'],
    [{ workers: 0 }, 'must not be less than 1'],
    [{ timeout: '3' }, 'must be a number'],
    [{ tags: ['a', 1] }, 'each value in tags must be a string'],
    [{ mode: 'slow' }, 'must be one of the following values: fast, safe'],
    [{ trackingUri: 'no url' }, 'must be a URL'],
  ])('refuses %j in plain words', async (raw, words) => {
    const error = await refusal(ServerConfig, { trackingUri, ...raw });
    expect(error).toBeInstanceOf(ConfigWrongType);
    expect(error.message).toContain(words);
  });

  test('turns the texts of a command line into what the class asks for, and keeps texts that are meant as such', async () => {
    const texts = { workers: '3', timeout: '0.5', quiet: 'true', tags: 'a, 1', ports: '80,443', headers: '{"a":1}', mode: 'fast' };
    const { given, parsed } = await checkConfig(ServerConfig, { trackingUri, ...texts }, { of, stringsFromCommandLine: true });
    const values = { workers: 3, timeout: 0.5, quiet: true, tags: ['a', '1'], ports: [80, 443], headers: { a: 1 }, mode: 'fast' };
    expect(given).toEqual({ trackingUri, ...values });
    expect(parsed).toMatchObject(values);
  });

  test('says what is wrong with a text of the command line that stands for nothing it could be', async () => {
    for (const workers of ['many', '1.5', 'true', '']) {
      expect((await refusal(ServerConfig, { trackingUri, workers }, true)).message).toContain('must be an integer number');
    }
    expect((await refusal(ServerConfig, { trackingUri, workers: '0' }, true)).message).toContain('must not be less than 1');
  });

  test('does not turn texts into numbers where they do not come from a command line', async () => {
    expect(await refusal(ServerConfig, { trackingUri, workers: '3' })).toBeInstanceOf(ConfigWrongType);
  });

  test('keeps what was given apart from the defaults, which are not stored', async () => {
    const { given } = await checkConfig(ServerConfig, { trackingUri }, { of });
    expect(given).toEqual({ trackingUri });
  });

  test('lets references pass as they are, whatever the key wants, and satisfy a required key', async () => {
    const raw = { trackingUri: '{{secret.server.uri}}', workers: '{{env.WORKERS}}', tags: '{{env.TAGS}}' };
    const { given } = await checkConfig(ServerConfig, raw, { of, stringsFromCommandLine: true });
    expect(given).toEqual(raw);
    expect(await refusal(ServerConfig, { ...raw, quiet: 'maybe' })).toBeInstanceOf(ConfigWrongType);
  });

  test('without a decorated property takes no key', async () => {
    expect(await parseConfig(NoKeys, {}, { of })).toBeInstanceOf(NoKeys);
    expect((await refusal(NoKeys, { a: 1 })).line).toContain('has no config key "a". It takes no config.');
  });

  test('is described by its decorators and its defaults', async () => {
    const { keys } = await describeSchema(DerivedConfig, ['token']);
    expect(Object.fromEntries(keys.map(({ key, ...rest }) => [key, rest]))).toEqual({
      token: { type: 'string', required: true, secret: true },
      trackingUri: { type: 'string', required: true, secret: false },
      workers: { type: 'integer', required: false, secret: false, description: 'side by side' },
      timeout: { type: 'number', required: false, secret: false, default: 2.5 },
      quiet: { type: 'boolean', required: false, secret: false },
      tags: { type: 'array', required: false, secret: false },
      ports: { type: 'array', required: false, secret: false },
      headers: { type: 'object', required: false, secret: false },
      mode: { type: 'fast | safe', required: false, secret: false },
    });
  });
});

/** A Standard Schema as libraries make them: reads `url` (required text) and `port` (integer, default 80), drops other keys in silence. */
function standardSchema(describe?: () => Record<string, unknown>): StandardSchema {
  const validate = (value: unknown): StandardResult => {
    const { url, port = 80 } = value as { url?: unknown; port?: unknown };
    const issues = [
      ...(typeof url === 'string' ? [] : [{ message: 'expected a string', path: ['url'] }]),
      ...(Number.isInteger(port) ? [] : [{ message: 'expected an integer', path: [{ key: 'port' }] }]),
    ];
    return issues.length > 0 ? { issues } : { value: { url, port } };
  };
  return { '~standard': { version: 1, vendor: 'here', validate, ...(describe && { jsonSchema: { input: describe } }) } };
}

const JSON_SCHEMA = {
  type: 'object',
  properties: {
    url: { type: 'string', description: 'Where the server is' },
    port: { anyOf: [{ type: 'integer' }, { type: 'null' }], default: 80 },
  },
  required: ['url', 'port'],
};

describe.each([
  ['with a JSON Schema', standardSchema(() => JSON_SCHEMA)],
  ['without a JSON Schema', standardSchema()],
  [
    'whose JSON Schema cannot be made',
    standardSchema(() => {
      throw new Error('transforms cannot be represented');
    }),
  ],
])('a Standard Schema %s', (_, schema) => {
  test('gives its output, and texts of a command line become what it takes', async () => {
    const { given, parsed } = await checkConfig(schema, { url: '8080', port: '8080' }, { of, stringsFromCommandLine: true });
    expect(given).toEqual({ url: '8080', port: 8080 });
    expect(parsed).toEqual({ url: '8080', port: 8080 });
    expect(await parseConfig(schema, { url: 'x' }, { of })).toEqual({ url: 'x', port: 80 });
  });

  test('refuses a key that it would drop in silence, with the nearest known one', async () => {
    const error = await refusal(schema, { url: 'x', prot: 1 });
    expect(error).toBeInstanceOf(ConfigUnknownKey);
    expect(error.line).toContain('Did you mean "port"?');
  });

  test('refuses a missing key and a wrong one', async () => {
    expect(await refusal(schema, {})).toBeInstanceOf(ConfigMissingKey);
    const error = await refusal(schema, { url: 'x', port: 'many' }, true);
    expect(error.message).toBe('config key "port" of experiment tracker flavor "server" is wrong: expected an integer');
  });

  test('lets references pass', async () => {
    const raw = { url: 'x', port: '{{env.PORT}}' };
    expect(await checkConfig(schema, raw, { of })).toEqual({ given: raw, parsed: raw });
  });
});

describe('a Standard Schema', () => {
  test('is described by its JSON Schema; a key with a default is not required', async () => {
    expect(
      await describeSchema(
        standardSchema(() => JSON_SCHEMA),
        ['url'],
      ),
    ).toEqual({
      keys: [
        { key: 'url', type: 'string', required: true, secret: true, description: 'Where the server is' },
        { key: 'port', type: 'integer | null', required: false, secret: false, default: 80 },
      ],
      tells: true,
    });
  });

  test('without a JSON Schema does not tell of its keys', async () => {
    expect(await describeSchema(standardSchema())).toEqual({ keys: [], tells: false });
  });

  test('that allows more keys by its JSON Schema gets them', async () => {
    const schema = standardSchema(() => ({ ...JSON_SCHEMA, additionalProperties: {} }));
    expect(await parseConfig(schema, { url: 'x', more: 1 }, { of })).toEqual({ url: 'x', port: 80 });
  });

  test('that refuses the config as a whole is quoted', async () => {
    const schema: StandardSchema = {
      '~standard': { version: 1, vendor: 'here', validate: () => ({ issues: [{ message: 'give a or b' }] }) },
    };
    expect((await refusal(schema, {})).message).toBe('the config of experiment tracker flavor "server" is wrong: give a or b');
  });
});

test('a flavor without a config takes no key', async () => {
  expect(await parseConfig(undefined, {}, { of })).toEqual({});
  expect((await refusal(undefined, { a: 1 })).line).toContain('has no config key "a". It takes no config.');
});

test('camelCase gives the key of a flag', () => {
  expect(['tracking-uri', 'trackingUri', 'a-b2-c', 'plain'].map(camelCase)).toEqual(['trackingUri', 'trackingUri', 'aB2C', 'plain']);
});
