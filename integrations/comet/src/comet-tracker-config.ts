import { IsIn, IsInt, IsNotEmpty, IsOptional, IsString, Max, Min, Validate, ValidatorConstraint } from 'class-validator';
import type { ValidationArguments, ValidatorConstraintInterface } from 'class-validator';

import { flawOfKey } from './api-key.ts';

@ValidatorConstraint({ name: 'isServerAddress' })
class IsServerAddress implements ValidatorConstraintInterface {
  validate(value: unknown): boolean {
    if (typeof value !== 'string' || !URL.canParse(value)) return false;
    const { protocol, username, password, search, hash } = new URL(value);
    return /^https?:$/.test(protocol) && `${username}${password}${search}${hash}` === '';
  }

  defaultMessage(): string {
    return 'must be http(s)://host[:port], without a user, a password, and what follows "?" or "#"';
  }
}

@ValidatorConstraint({ name: 'isApiKey' })
class IsApiKey implements ValidatorConstraintInterface {
  validate(value: unknown): boolean {
    return typeof value !== 'string' || value === '' || flawOfKey(value) === undefined;
  }

  defaultMessage(asked?: ValidationArguments): string {
    return flawOfKey(String(asked?.value))!;
  }
}

/** Which Comet is meant, and how it lets us in. What is not given here is looked for where Comet's Python client does: COMET_ variables, then `.comet.config`. */
export class CometTrackerConfig {
  /** As Comet shows it, also `KEY*...` of a server of one's own, which says where that is. */
  @IsOptional()
  @IsString({ context: { description: 'API key (default: COMET_API_KEY, else that of .comet.config)' } })
  @IsNotEmpty()
  @Validate(IsApiKey)
  apiKey?: string;

  @IsOptional()
  @IsString({ context: { description: "Comet workspace (default: COMET_WORKSPACE, else the key's own)" } })
  @IsNotEmpty()
  workspace?: string;

  /** Of runs that name no experiment. */
  @IsOptional()
  @IsString({
    context: { description: "Comet project of runs that name no experiment (default: COMET_PROJECT_NAME, else the pipeline's name)" },
  })
  @IsNotEmpty()
  projectName?: string;

  /** Address of the server; its path is left out. */
  @IsOptional()
  @Validate(IsServerAddress, {
    context: { description: 'where the server answers (default: COMET_URL_OVERRIDE, else as the key says, else www.comet.com)' },
  })
  urlOverride?: string;

  /** `offline`: archives for `comet upload`, and no connection is opened. */
  @IsOptional()
  @IsIn(['online', 'offline'], {
    context: { description: 'online, or offline: archives for "comet upload" (default: COMET_START_ONLINE, else online)' },
  })
  mode?: 'online' | 'offline';

  /** Where archives are put; relative to the project. */
  @IsOptional()
  @IsString({ context: { description: 'folder of the archives (default: COMET_OFFLINE_DIRECTORY, else .cometml-runs)' } })
  @IsNotEmpty()
  offlineDirectory?: string;

  /** How long one request may take, ms; of an upload, how long it may stand still. */
  @IsOptional()
  @IsInt({
    context: { description: 'how long one request may take, or an upload stand still, ms (default: COMET_TIMEOUT_HTTP, else 30 s)' },
  })
  @Min(1)
  @Max(3_600_000)
  timeoutMs?: number;

  /** Most points sent in a minute, as Comet's documentation asks, and in proportion of all else that it limits; 0: no limits, for a server of one's own. */
  @IsInt({
    context: { description: 'most points of metrics sent in a minute, and in proportion of params, others and lines; 0: no limits' },
  })
  @Min(0)
  metricsPerMinute: number = 12_000;
}
