import {
  IsBoolean,
  IsIn,
  IsInt,
  IsNotEmpty,
  IsOptional,
  IsString,
  Max,
  Min,
  Validate,
  ValidateIf,
  ValidatorConstraint,
  type ValidationArguments,
  type ValidatorConstraintInterface,
} from 'class-validator';

import { tokenAddress } from './api-token.ts';
import { isHostedService, SERVICE_ENDED } from './hosted-service.ts';
import { neptuneEnvironment, type Mode } from './neptune-environment.ts';
import { isProjectName, PROJECT_RULE } from './project-name.ts';

const configOf = (asked: ValidationArguments | undefined): NeptuneTrackerConfig => asked!.object as NeptuneTrackerConfig;

@ValidatorConstraint({ name: 'isProjectName' })
class IsProjectName implements ValidatorConstraintInterface {
  validate(value: unknown): boolean {
    return isProjectName(value);
  }

  defaultMessage({ value }: { value?: unknown } = {}): string {
    return value === undefined ? 'must be given unless the variable NEPTUNE_PROJECT is set' : PROJECT_RULE;
  }
}

@ValidatorConstraint({ name: 'isOpenService' })
class IsOpenService implements ValidatorConstraintInterface {
  validate(token: unknown, asked?: ValidationArguments): boolean {
    return flawOfToken(token, configOf(asked)) === undefined;
  }

  defaultMessage(asked?: ValidationArguments): string {
    return flawOfToken(asked!.value, configOf(asked))!;
  }
}

/** Words that follow `apiToken`. */
function flawOfToken(token: unknown, { allowClosedService, mode }: NeptuneTrackerConfig): string | undefined {
  const address = typeof token === 'string' ? tokenAddress(token) : undefined;
  if (address === undefined) return 'is no API token of Neptune: it must be base64 of JSON with api_address or api_url';
  // Into files nothing is sent, and who has said so is not to be told to.
  return isHostedService(address.server) && !allowClosedService && mode !== 'offline' ? SERVICE_ENDED : undefined;
}

@ValidatorConstraint({ name: 'isReachable' })
class IsReachable implements ValidatorConstraintInterface {
  /** Of who is online by a token of the environment. What is wrong is said of a key that was given. */
  validate(_: unknown, asked?: ValidationArguments): boolean {
    const config = configOf(asked);
    const { apiToken, mode } = neptuneEnvironment();
    if (asked?.property !== (config.mode === undefined ? 'project' : 'mode')) return true;
    if ((config.mode ?? mode) !== 'online' || config.apiToken !== undefined || apiToken === undefined) return true;
    return config.allowClosedService || !isHostedService(tokenAddress(apiToken)?.server ?? '');
  }

  defaultMessage(): string {
    return `cannot be used online: the token in the variable NEPTUNE_API_TOKEN ${SERVICE_ENDED}`;
  }
}

/** Neptune 3, in files or at a server that you host. */
export class NeptuneTrackerConfig {
  @IsOptional()
  @Validate(IsOpenService, { context: { description: 'API token, which names the server (default: NEPTUNE_API_TOKEN)' } })
  apiToken?: string;

  /** `workspace/project`. */
  @ValidateIf(({ project }: NeptuneTrackerConfig) => project !== undefined || neptuneEnvironment().project === undefined)
  @Validate(IsReachable)
  @Validate(IsProjectName, { context: { description: 'workspace/project of the runs (default: NEPTUNE_PROJECT)' } })
  project?: string;

  /** `offline`: into files that `neptune sync` sends. Default: `NEPTUNE_MODE`, else `offline`. */
  @IsOptional()
  @Validate(IsReachable)
  @IsIn(['offline', 'online'], { context: { description: 'into files, or to the server (default: NEPTUNE_MODE, else offline)' } })
  mode?: Mode;

  /** Relative to the project. Default: `NEPTUNE_LOG_DIRECTORY`, else `.neptune` in the project. */
  @IsOptional()
  @IsString({ context: { description: 'folder of the files (default: NEPTUNE_LOG_DIRECTORY, else .neptune in the project)' } })
  @IsNotEmpty()
  offlineDirectory?: string;

  @IsBoolean({ context: { description: 'takes a token of the hosted service, which ended on 5 March 2026' } })
  allowClosedService: boolean = false;

  /** Called as in the Python client. */
  @IsBoolean({ context: { description: 'keeps what steps print, in logs/stdout and logs/stderr' } })
  enableConsoleLogCapture: boolean = true;

  /** How long one request may take, ms; of an upload, how long it may stand still; and how long Neptune may take to process a batch. */
  @IsInt({ context: { description: 'how long one request may take, or an upload stand still, ms' } })
  @Min(1)
  @Max(3_600_000)
  timeoutMs: number = 60_000;
}
