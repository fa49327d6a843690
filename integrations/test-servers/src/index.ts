export { startAzurite, type AzuriteAdministration, type AzuriteCredentials, type AzuriteServer } from './azurite-server.ts';
export { selfSigned, type Certificate } from './certificates.ts';
export { type Fault, type FaultScope } from './fault.ts';
export { startFaultyProxy, type FaultyProxy, type InjectedFault } from './faulty-proxy.ts';
export { startForwardProxy, type ForwardProxy } from './forward-proxy.ts';
export { startGcs, type GcsAdministration, type GcsServer } from './gcs-server.ts';
export { startMlflow, type MlflowServer, type MlflowServerOptions } from './mlflow-server.ts';
export { startNobody } from './nobody.ts';
export { startPlainServer } from './plain-server.ts';
export { canStart, type RealServerName } from './provisioned.ts';
export { type ProxiedRequest } from './proxied-request.ts';
export { python, vendorCommand, vendorPython, vendorRun, zenmlRun, type EndedProgram } from './python.ts';
export { ReadmeExample } from './readme-example.ts';
export { startRecordingServer, type RecordedAnswer, type RecordedRequest, type RecordingServer } from './recording-server.ts';
export { type RealServer, type RestartableServer } from './real-server.ts';
export { type S3Administration, type S3Credentials } from './s3-administration.ts';
export { startS3, type S3Server, type S3ServerOptions } from './s3-server.ts';
export {
  sharedAzurite,
  sharedGcs,
  sharedMlflow,
  sharedS3,
  type SharedAzurite,
  type SharedGcs,
  type SharedMlflow,
  type SharedS3,
} from './shared-servers.ts';
