import type {
  ComponentView,
  DeliveryReport,
  FlavorView,
  GarbageReport,
  ImportReport,
  Listing,
  PipelineRun,
  ProjectStatus,
  RevealedSecret,
  RunListItem,
  RunsDelivered,
  SecretView,
  StackValidation,
  StackView,
  StepLog,
  TrackerStatus,
} from '@mortise/core/client';

/**
 * What each command that reads prints with `--output json`, by its words; `<component type>` stands for any. `docs/schemas/` is generated from it.
 */
export interface CommandOutputs {
  'runs list': Listing<RunListItem>;
  'runs show': PipelineRun;
  /** One a line. */
  'runs logs': StepLog;
  'stack get': StackView;
  'stack list': Listing<StackView>;
  'stack validate': StackValidation;
  'stack describe': StackView;
  '<component type> list': Listing<ComponentView>;
  '<component type> get': Listing<ComponentView>;
  '<component type> describe': ComponentView;
  '<component type> flavor list': Listing<FlavorView>;
  '<component type> flavor describe': FlavorView;
  /** With `--reveal`: also `values`. */
  'secret get': SecretView | RevealedSecret;
  'secret list': Listing<SecretView>;
  'tracker status': Listing<TrackerStatus>;
  /** With `--to`: also `added` and `givenUp`. */
  'tracker deliver': Listing<DeliveryReport | RunsDelivered>;
  gc: GarbageReport;
  import: ImportReport;
  status: ProjectStatus;
}
