import type { Agent } from 'node:http';
import type { Socket } from 'node:net';

/** What one read of a socket takes at most, bytes. */
const BUFFER_BYTES = 256 * 1024;

/**
 * Makes the agent's sockets read into one buffer, which they share. Else every read makes a new one of 64 KiB, of which node:http copies what belongs to an
 * answer's body: with large downloads a third of the time goes into such buffers and their collection. Nobody may hold on to what a socket gives, and nobody does:
 * node:http parses and copies it before it returns.
 */
export function readIntoOneBuffer<A extends Agent>(agent: A): A {
  const buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES);
  const connect = agent.createConnection.bind(agent);
  agent.createConnection = (options, done) => {
    const callback = (size: number): boolean => {
      socket.emit('data', buffer.subarray(0, size));
      return true;
    };
    const withBuffer = { ...options, onread: { buffer, callback } };
    const socket = connect(withBuffer, done) as Socket;
    return socket;
  };
  return agent;
}
