/**
 * The place of a server: what differs between servers in memory and on sockets.
 */
import { none, type Passed } from "./passed.js"

export interface Place {
  readonly transport: "memory" | "sockets"
  /** A part of the values of tokens, so that a server does not accept those of another one. */
  readonly epoch: string | undefined
  readonly passed: Passed
}

export const memory: Place = { transport: "memory", epoch: undefined, passed: none }
