/**
 * Demonstrating proof of possession (RFC 9449): tokens are bound to a key that never leaves the process.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type * as Redacted from "effect/Redacted"

import * as parts from "./internal/config/parts.js"
import { validate } from "./internal/config/rules.js"
import { InvalidConfig } from "./InvalidConfig.js"

/**
 * Options of the proofs of a client.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** The algorithm of the proof key. Default: ES256, which every server with DPoP knows. */
  readonly algorithm?: "ES256" | "ES384" | "ES512" | "EdDSA" | "PS256" | "RS256" | undefined
}

/**
 * A proof key, the nonces of servers and the offsets of their clocks.
 *
 * @since 0.1.0
 * @category models
 */
export interface DPoP {
  readonly algorithm: string
  /** The JWK thumbprint of the key (RFC 7638), as servers bind tokens to it (RFC 9449 section 6.1). */
  readonly thumbprint: string
  /**
   * The clocks of servers that rejected a proof or a client assertion by its date. `ahead` returns the offset of a clock in
   * milliseconds; `onRejected` takes the headers of the response and the offset used, and returns whether it has changed.
   */
  readonly clocks: {
    readonly ahead: (origin: string) => number
    readonly onRejected: (
      origin: string,
      headers: Readonly<Record<string, string | undefined>>,
      used: number
    ) => Effect.Effect<boolean>
  }
  /** Creates a proof for one request (RFC 9449 section 4.2), with the newest nonce of the origin of its URL. */
  readonly proof: (request: {
    readonly method: string
    /** The URL of the request; query and fragment are left out of the proof (RFC 9449 section 4.2). */
    readonly url: string
    /** The token that is sent with the request; undefined for a token request. */
    readonly accessToken?: Redacted.Redacted<string> | undefined
  }) => Effect.Effect<Proof>
}

/** A proof of possession for one request. */
interface Proof {
  /** The value of the `DPoP` header. */
  readonly value: string
  /**
   * To be run with the headers of the response, whatever its status. Notes its nonce (RFC 9449 section 8.2) for the origin
   * of the request. `isRejected` states that the response rejected this proof (`invalid_dpop_proof`): then the offset of
   * the server's clock is taken from its `Date`, corrected by `Age`, if it is between 5 seconds and 24 hours.
   *
   * Returns whether nonce or offset are different from those of this proof, so that the request may succeed with another
   * one.
   */
  readonly onResponse: (
    headers: Readonly<Record<string, string | undefined>>,
    isRejected?: boolean | undefined
  ) => Effect.Effect<boolean>
}

/**
 * Generates a key that cannot be exported. The code is loaded with the first key, so that a program without DPoP does not
 * load it.
 *
 * @example
 * import { DPoP } from "@effect-oauth/client-credentials"
 * import { Effect } from "effect"
 *
 * export const proof = Effect.flatMap(DPoP.make(), (dpop) =>
 *   dpop.proof({ method: "POST", url: "https://auth.example.com/oauth/token" }))
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options = {}): Effect.Effect<DPoP, InvalidConfig> =>
  Effect.flatMap(
    Effect.suspend(() => validate(parts.dpop, options)),
    (settings) =>
      Effect.catchAllDefect(
        Effect.flatMap(Effect.promise(() => import("./internal/http/proofKey.js")), ({ make }) => make(settings)),
        () =>
          new InvalidConfig({
            problems: [{
              setting: "dpop.algorithm",
              expected: `an algorithm by which this runtime can generate a key (found ${settings.algorithm})`
            }]
          })
      )
  )
