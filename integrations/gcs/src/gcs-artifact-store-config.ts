import { isServerUrl } from '@mortise/object-storage';
import { IsInt, IsNotEmpty, IsOptional, IsString, Matches, Max, Min, Validate, ValidatorConstraint } from 'class-validator';
import type { ValidationArguments, ValidatorConstraintInterface } from 'class-validator';

import { placeIn } from './gcs-place.ts';

const KIBIBYTE = 1024;
const MEBIBYTE = 1024 * KIBIBYTE;
/** Parts of an upload other than the last have multiples of it. */
const GRAIN = 256 * KIBIBYTE;

@ValidatorConstraint({ name: 'isGcsPath' })
class IsGcsPath implements ValidatorConstraintInterface {
  validate(value: unknown): boolean {
    return typeof value === 'string' && placeIn(value) !== undefined;
  }

  defaultMessage(): string {
    return 'must be gs://BUCKET or gs://BUCKET/PREFIX, without empty segments, "." and ".."';
  }
}

/** What is wrong must be told without the value: somebody may have put a password there. */
@ValidatorConstraint({ name: 'isEndpoint' })
class IsEndpoint implements ValidatorConstraintInterface {
  validate(value: unknown): boolean {
    return isServerUrl(value);
  }

  defaultMessage(): string {
    return 'must be an http or https URL without a user, a password or a query: credentials belong in "credentials"';
  }
}

@ValidatorConstraint({ name: 'isAlone' })
class IsAlone implements ValidatorConstraintInterface {
  validate(_value: unknown, { object }: ValidationArguments): boolean {
    return (object as GcsArtifactStoreConfig).credentials === undefined;
  }

  defaultMessage(): string {
    return 'cannot be given beside "credentials"';
  }
}

@ValidatorConstraint({ name: 'isGrained' })
class IsGrained implements ValidatorConstraintInterface {
  validate(value: unknown): boolean {
    return typeof value === 'number' && value % GRAIN === 0;
  }

  defaultMessage(): string {
    return `must be a multiple of ${GRAIN} (256 KiB)`;
  }
}

export class GcsArtifactStoreConfig {
  /** `gs://BUCKET/PREFIX`: the bucket, which must be there, and what all keys begin with. */
  @Validate(IsGcsPath, { context: { description: 'the bucket and what all keys begin with: gs://BUCKET/PREFIX' } })
  path!: string;

  /** Of a server other than Google's, as an emulator. It is asked without credentials unless some are given here. */
  @IsOptional()
  @Validate(IsEndpoint, { context: { description: 'URL of the server (default: Google Cloud Storage)' } })
  endpoint?: string;

  /** Default: that of the credentials. */
  @IsOptional()
  @IsString({ context: { description: 'id of the project of the credentials (default: as they say themselves)' } })
  @IsNotEmpty()
  projectId?: string;

  /** The JSON text of a service account's key. Default: `keyFile`, else the application default credentials of Google's tools. */
  @IsOptional()
  @IsString({ context: { description: "JSON text of a service account's key (default: application default credentials)" } })
  @IsNotEmpty()
  credentials?: string;

  /** Path of a file with such a text; a relative one is looked for from the project's folder. */
  @IsOptional()
  @IsString({ context: { description: 'file with the key of a service account, in place of "credentials"' } })
  @IsNotEmpty()
  @Validate(IsAlone)
  keyFile?: string;

  /** Objects are encrypted with this Cloud KMS key. Default: as the bucket says. */
  @IsOptional()
  @IsString({ context: { description: 'Cloud KMS key that encrypts the objects (default: as the bucket says)' } })
  @Matches(/^projects\/[^/]+\/locations\/[^/]+\/keyRings\/[^/]+\/cryptoKeys\/[^/]+$/, {
    message: 'must be projects/PROJECT/locations/LOCATION/keyRings/RING/cryptoKeys/KEY',
  })
  kmsKeyName?: string;

  /** As `NEARLINE`. Default: as the bucket says. */
  @IsOptional()
  @IsString({ context: { description: 'storage class, as NEARLINE (default: as the bucket says)' } })
  @Matches(/^[A-Z_]+$/, { message: 'must be a storage class, as NEARLINE' })
  storageClass?: string;

  /** Bytes of a part of a resumable upload; what is not longer is sent whole. An upload takes about twice as much memory. */
  @IsInt({ context: { description: 'bytes of a part, a multiple of 256 KiB; what is not longer is sent whole' } })
  @Min(GRAIN)
  @Max(1024 * MEBIBYTE)
  @Validate(IsGrained)
  partSize: number = 8 * MEBIBYTE;

  /** How long the server may be silent before a request is tried again, ms. */
  @IsInt({ context: { description: 'how long the server may be silent before a request is tried again, ms' } })
  @Min(100)
  @Max(600_000)
  timeoutMs: number = 30_000;
}
