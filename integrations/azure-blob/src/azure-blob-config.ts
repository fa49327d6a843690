import { isServerUrl } from '@mortise/object-storage';
import { IsInt, IsNotEmpty, IsOptional, IsString, Matches, Max, Min, Validate, ValidatorConstraint } from 'class-validator';
import type { ValidationArguments, ValidatorConstraintInterface } from 'class-validator';

import { placeIn } from './blob-place.ts';

const MEBIBYTE = 1024 * 1024;

@ValidatorConstraint({ name: 'isAzPath' })
class IsAzPath implements ValidatorConstraintInterface {
  validate(value: unknown): boolean {
    return typeof value === 'string' && placeIn(value) !== undefined;
  }

  defaultMessage(): string {
    return 'must be az://CONTAINER or az://CONTAINER/PREFIX, without empty segments, "." and ".."';
  }
}

/** What is wrong must be told without the value: somebody may have put a SAS token there. */
@ValidatorConstraint({ name: 'isAccountUrl' })
class IsAccountUrl implements ValidatorConstraintInterface {
  validate(value: unknown): boolean {
    return isServerUrl(value);
  }

  defaultMessage(): string {
    return 'must be an http or https URL without a user, a password or a query: a SAS token belongs in "sasToken"';
  }
}

/** On `path`, which is always there: which account it is, and how it is entered. */
@ValidatorConstraint({ name: 'hasAccess' })
class HasAccess implements ValidatorConstraintInterface {
  validate(_value: unknown, { object }: ValidationArguments): boolean {
    return flawOf(object as AzureBlobConfig) === undefined;
  }

  defaultMessage({ object }: ValidationArguments): string {
    return flawOf(object as AzureBlobConfig)!;
  }
}

function flawOf({ account, accountUrl, accountKey, sasToken, connectionString }: AzureBlobConfig): string | undefined {
  const others = [account, accountUrl, accountKey, sasToken].some((value) => value !== undefined);
  if (connectionString !== undefined) return others ? 'needs no other account or credentials beside "connectionString"' : undefined;
  if (account === undefined && accountUrl === undefined) return 'needs "account", "accountUrl" or "connectionString" beside it';
  if (accountKey !== undefined && sasToken !== undefined) return 'needs one of "accountKey" and "sasToken", not both';
  if (accountKey !== undefined && account === undefined) return 'needs the name of the account in "account" beside "accountKey"';
  return undefined;
}

export class AzureBlobConfig {
  /** `az://CONTAINER/PREFIX`: the container, which must be there, and what all keys begin with. */
  @Validate(IsAzPath, { context: { description: 'the container and what all keys begin with: az://CONTAINER/PREFIX' } })
  @Validate(HasAccess)
  path!: string;

  /** Name of the storage account. */
  @IsOptional()
  @IsString({ context: { description: 'name of the storage account' } })
  @Matches(/^[a-z0-9]{3,24}$/, { message: 'must be the name of a storage account: 3 to 24 small letters and digits' })
  account?: string;

  /** Default: `https://ACCOUNT.blob.core.windows.net`. */
  @IsOptional()
  @Validate(IsAccountUrl, { context: { description: 'URL of the account (default: https://ACCOUNT.blob.core.windows.net)' } })
  accountUrl?: string;

  /** One of the two keys of the account. Default, without the other credentials: what `DefaultAzureCredential` of @azure/identity finds. */
  @IsOptional()
  @IsString({ context: { description: 'key of the account (default: what @azure/identity finds, if that is installed)' } })
  @IsNotEmpty()
  accountKey?: string;

  /** A shared access signature, of the account or of the container: `sv=...&sig=...`. */
  @IsOptional()
  @IsString({ context: { description: 'shared access signature: sv=...&sig=...' } })
  @Matches(/^\??[^?]*\bsig=/, { message: 'must be a query with "sig=" in it, as the tools of Azure print it' })
  sasToken?: string;

  /** As the portal of Azure shows it: the account and a key or a SAS token. */
  @IsOptional()
  @IsString({ context: { description: 'the account and its key or a SAS token, as the portal of Azure shows it' } })
  @IsNotEmpty()
  connectionString?: string;

  /** Blocks of one upload that are on their way at once. Memory of an upload: two blocks more. */
  @IsInt({ context: { description: 'blocks of one upload that are on their way at once' } })
  @Min(1)
  @Max(64)
  maxConcurrency: number = 4;

  /** Bytes of a block; what is not longer is sent whole. */
  @IsInt({ context: { description: 'bytes of a block; what is not longer is sent whole' } })
  @Min(64 * 1024)
  @Max(256 * MEBIBYTE)
  partSize: number = 8 * MEBIBYTE;

  /** How long a request may take with its retries, and how long a download may be silent, ms. */
  @IsInt({ context: { description: 'how long a request may take with its retries, and how long a download may be silent, ms' } })
  @Min(100)
  @Max(3_600_000)
  timeoutMs: number = 120_000;
}
