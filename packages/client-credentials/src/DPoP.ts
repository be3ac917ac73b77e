/**
 * Demonstrating proof of possession (RFC 9449): tokens that are of no use without a key which never leaves the process.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Redacted from "effect/Redacted"

import * as parts from "./internal/config/parts.js"
import { type InvalidConfig, validate } from "./InvalidConfig.js"

/**
 * How proofs are made.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** The algorithm of the proof key. Default: ES256, which every server with DPoP knows. */
  readonly algorithm?: "ES256" | "ES384" | "ES512" | "EdDSA" | "PS256" | "RS256" | undefined
}

/**
 * What a proof is for.
 *
 * @since 0.1.0
 * @category models
 */
export interface ProofOptions {
  readonly method: string
  /** Where the request goes; query and fragment are left out of the proof (RFC 9449 section 4.2). */
  readonly url: string
  /** The token that goes with the request; none in a token request. */
  readonly accessToken?: Redacted.Redacted<string> | undefined
}

/**
 * A proof key and the nonces that servers have given.
 *
 * @since 0.1.0
 * @category models
 */
export interface DPoP {
  readonly algorithm: string
  /** The JWK thumbprint of the key (RFC 7638), as servers bind tokens to it (RFC 9449 section 6.1). */
  readonly thumbprint: string
  /** A new proof (RFC 9449 section 4.2), with the newest nonce of that origin. Never to be used twice. */
  readonly proof: (options: ProofOptions) => Effect.Effect<Proof>
}

/**
 * A proof, for one request.
 *
 * @since 0.1.0
 * @category models
 */
export interface Proof {
  /** What goes into the `DPoP` header. */
  readonly value: string
  /**
   * To be run with the headers of the response, whatever its status. Notes its nonce (RFC 9449 section 8.2) for the origin
   * of the request. `isRejected` states that the response rejected this proof (`invalid_dpop_proof`): then the offset of
   * the server's clock is taken from its `Date`, corrected by `Age`, if it is between 5 seconds and 24 hours.
   *
   * Returns whether nonce or offset are different from those of this proof, so that the request may succeed with another
   * one.
   */
  readonly answered: (
    headers: Readonly<Record<string, string | undefined>>,
    isRejected?: boolean | undefined
  ) => Effect.Effect<boolean>
}

/**
 * The proofs of one client. Where there is this service, tokens are asked for and used with proofs.
 *
 * @since 0.1.0
 * @category tags
 */
export const DPoP = Context.GenericTag<DPoP>("@effect-oauth/client-credentials/DPoP")

/**
 * A new key, which cannot be exported, and no nonces yet. The code for it is loaded with the first one, so that a program
 * without DPoP is spared it.
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
      Effect.flatMap(Effect.promise(() => import("./internal/http/proofKey.js")), ({ make }) => make(settings))
  )

/**
 * Proofs as a layer. `ClientCredentials.layer({ ..., dpop: true })` has it in it.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options?: Options): Layer.Layer<DPoP, InvalidConfig> => Layer.effect(DPoP, make(options))
