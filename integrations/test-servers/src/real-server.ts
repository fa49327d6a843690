/** A server that runs for a test, on 127.0.0.1. It ends with the process that started it, however that one ends. */
export interface RealServer {
  /** `http://127.0.0.1:<port>`, without a slash at the end. */
  readonly url: string;
  /** Ends the server and removes what it stored. Calling it again does nothing. */
  stop(): Promise<void>;
}

/** A server that can be away for a while and come back as it was. */
export interface RestartableServer extends RealServer {
  /** Where it keeps its data. */
  readonly folder: string;
  /** SIGKILL to the server and all its processes; its port and folder are kept. Resolves when nothing listens any more. */
  kill(): Promise<void>;
  /** Starts it again on the same port and folder; resolves when it is healthy. Refused while it runs. */
  start(): Promise<void>;
}
